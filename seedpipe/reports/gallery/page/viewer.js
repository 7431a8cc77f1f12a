// Looking closely: one picture, or several side by side or in turn at the same place.
const viewer = { shots: [], from: null, timer: 0, now: 0 };
const slowly = matchMedia('(prefers-reduced-motion: reduce)');
const FLICKER_MS = 600;

function paneOf(shot) {
  const img = el('img', { alt: shot.label ?? nameOf(shot), draggable: false, src: whole(shot.image) || thumbnail(shot.image) });
  img.addEventListener('error', () => { img.src = thumbnail(shot.image); }, { once: true });
  const pane = el('figure', { class: 'pane' }, el('div', { class: 'view' }, img),
    el('figcaption', {}, shot.label ?? `${nameOf(shot)} · ${decisionWord(shot)}`));
  pane.shot = shot;
  listenTo(pane);
  return pane;
}

function openViewer(found) {
  if (!found.length) return;
  viewer.from ??= grid.order[grid.current];
  viewer.shots = found;
  viewer.now = 0;
  stopFlicker();
  $('viewer').hidden = false;
  for (const id of ['bar', 'filters', 'desk', 'tray']) $(id).inert = true;
  $('stage').replaceChildren(...found.map(paneOf));
  $('viewer-title').textContent = found.length > 1 ? `${found.length} pictures` : nameOf(found[0]);
  $('flicker').hidden = found.length < 2;
  $('earlier').hidden = found.length > 1 || !earlierOf(found[0]).length;
  showDetails($('viewer-details'), found[0]);
  zoomTo(0);
  $('viewer').focus(); // not a button: space must zoom, not press it
}

function closeViewer() {
  stopFlicker();
  $('viewer').hidden = true;
  for (const id of ['bar', 'filters', 'desk', 'tray']) $(id).inert = false;
  const { from } = viewer;
  viewer.from = null;
  if (from) focusShot(grid.order.includes(from) ? from : grid.order[grid.current]);
}

// Run against run: the takes that are not shown, and the set from before the campaign was changed.
function earlierOf(shot) {
  const takes = [...shot.set.job.takes, ...(shot.set.cell.before ? [shot.set.cell.before] : [])];
  return takes.flatMap((take) => take.images
    .filter((image) => image.index === shot.image.index)
    .map((image) => ({ set: shot.set, image, number: shot.number, label: `${nameOf(shot)} · ${take.label} · ${take.at ?? ''}` })));
}

function compareEarlier() {
  const shot = viewer.shots[0] ?? grid.order[grid.current];
  if (shot && earlierOf(shot).length) openViewer([shot, ...earlierOf(shot)]);
  else say('There is no earlier take of this picture.');
}

function step(by) {
  move(by);
  viewer.from = grid.order[grid.current];
  openViewer([viewer.from]);
}

function turn() {
  const panes = [...document.querySelectorAll('.pane')];
  viewer.now = (viewer.now + 1) % panes.length;
  panes.forEach((pane, number) => pane.classList.toggle('now', number === viewer.now));
  placeAll();
}

function flicker() {
  if (viewer.shots.length < 2) return;
  if ($('stage').classList.contains('flickering')) { stopFlicker(); placeAll(); return; }
  $('stage').classList.add('flickering');
  $('flicker').setAttribute('aria-pressed', 'true');
  viewer.now = -1;
  turn();
  // Whoever wants less motion turns by hand, with the arrow keys.
  if (!slowly.matches) viewer.timer = setInterval(turn, FLICKER_MS);
}

function stopFlicker() {
  clearInterval(viewer.timer);
  $('stage').classList.remove('flickering');
  $('flicker').setAttribute('aria-pressed', 'false');
}
