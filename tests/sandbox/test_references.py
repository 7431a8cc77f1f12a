"""A reference that is uploaded to the sandbox is in the picture that an edit model makes of it."""

from __future__ import annotations

import io
import time

import httpx
from PIL import Image

from seedpipe.sandbox import SandboxServer, Switches


def test_an_uploaded_reference_is_in_the_picture():
    file = io.BytesIO()
    Image.new("RGB", (300, 200), "#C02020").save(file, "PNG")
    with (
        SandboxServer(switches=Switches(task_latency_s=0.05)) as server,
        httpx.Client(headers={"Authorization": "Bearer any"}, trust_env=False) as client,
    ):
        api = f"{server.base_url}/api/v3"
        kept = client.post(
            f"{api}/media/upload/binary", files={"file": ("red.png", file.getvalue(), "image/png")}
        )
        url = kept.json()["data"]["download_url"]
        inputs = {"prompt": "Make it calmer", "images": [url], "size": "1024*1024"}
        task = client.post(f"{api}/bytedance/seedream-v4/edit", json=inputs).json()["data"]
        time.sleep(0.2)
        outputs = client.get(f"{api}/predictions/{task['id']}/result").json()["data"]["outputs"]
        data = client.get(outputs[0]).content
    with Image.open(io.BytesIO(data)) as image:
        middle = image.convert("RGB").getpixel((512, 400))
    assert all(abs(mine - theirs) < 6 for mine, theirs in zip(middle, (0xC0, 0x20, 0x20), strict=True))
