// Zoom and pan, the same for all panes: `scale` 0 fits each picture, else it is in screen pixels a pixel; the
// middle of a pane shows the point (x, y) of its picture, as fractions, so that pictures of any size keep step.
const stage = { scale: 0, x: 0.5, y: 0.5 };

function place(pane) {
  const img = pane.querySelector('img');
  const box = pane.querySelector('.view');
  const { image } = pane.shot;
  const fit = Math.min(box.clientWidth / image.width, box.clientHeight / image.height);
  const scale = stage.scale ? stage.scale / devicePixelRatio : Math.min(fit, 1);
  const [x, y] = stage.scale ? [stage.x, stage.y] : [0.5, 0.5];
  img.style.width = `${image.width}px`;
  img.style.height = `${image.height}px`;
  img.style.transform = `translate(${box.clientWidth / 2 - x * image.width * scale}px, `
    + `${box.clientHeight / 2 - y * image.height * scale}px) scale(${scale})`;
  box.classList.toggle('full', stage.scale > 0);
}

const placeAll = () => { document.querySelectorAll('.pane').forEach(place); };

function zoomTo(scale) {
  stage.scale = scale;
  if (!scale) [stage.x, stage.y] = [0.5, 0.5];
  placeAll();
  $('fit').setAttribute('aria-pressed', String(scale === 0));
  $('full').setAttribute('aria-pressed', String(scale === 1));
}

function pan(dx, dy, pane) {
  const { width, height } = pane.shot.image;
  const scale = stage.scale / devicePixelRatio;
  stage.x = Math.min(1, Math.max(0, stage.x - dx / (width * scale)));
  stage.y = Math.min(1, Math.max(0, stage.y - dy / (height * scale)));
  placeAll();
}

function listenTo(pane) {
  const box = pane.querySelector('.view');
  let from = null;
  let moved = 0;
  box.addEventListener('pointerdown', (event) => { from = event; moved = 0; box.setPointerCapture(event.pointerId); });
  box.addEventListener('pointermove', (event) => {
    if (!from) return;
    moved += Math.abs(event.clientX - from.clientX) + Math.abs(event.clientY - from.clientY);
    if (stage.scale) pan(event.clientX - from.clientX, event.clientY - from.clientY, pane);
    from = event;
  });
  box.addEventListener('pointerup', (event) => {
    if (from && moved < 4) {
      const at = pane.querySelector('img').getBoundingClientRect();
      [stage.x, stage.y] = [(event.clientX - at.left) / at.width, (event.clientY - at.top) / at.height];
      zoomTo(stage.scale ? 0 : 1);
    }
    from = null;
  });
  box.addEventListener('wheel', (event) => {
    event.preventDefault();
    const now = stage.scale || (pane.querySelector('img').getBoundingClientRect().width * devicePixelRatio) / pane.shot.image.width;
    zoomTo(Math.min(8, Math.max(0.05, now * Math.exp(-event.deltaY / 400))));
  }, { passive: false });
}
