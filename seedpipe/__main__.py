"""`python -m seedpipe`: the same program as the console script."""

from seedpipe.cli.main import main

if __name__ == "__main__":
    main()
