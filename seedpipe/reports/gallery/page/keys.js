// The keyboard: what each key does, in the sets and in the viewer; the help is drawn from the same table.
const isOpen = () => !$('viewer').hidden;
const here = () => (isOpen() ? viewer.shots[$('stage').classList.contains('flickering') ? Math.max(0, viewer.now) : 0] : grid.order[grid.current]);

function judge(decision) {
  const shot = here();
  if (!shot) return;
  decide([shot], decision);
  if (!isOpen()) { move(1); return; }
  showDetails($('viewer-details'), shot);
  if (viewer.shots.length === 1) document.querySelector('.pane figcaption').textContent = `${nameOf(shot)} · ${decisionWord(shot)}`;
}

const ahead = (by) => () => {
  if (!isOpen()) move(by);
  else if (viewer.shots.length === 1) step(by);
  else if ($('stage').classList.contains('flickering')) turn();
};

const keys = [
  [['j', 'ArrowRight'], 'next picture', ahead(1)],
  [['k', 'ArrowLeft'], 'previous picture', ahead(-1)],
  [['J', 'ArrowDown'], 'next set', () => !isOpen() && moveSet(1)],
  [['K', 'ArrowUp'], 'previous set', () => !isOpen() && moveSet(-1)],
  [['a'], 'approve', () => judge('approved')],
  [['x'], 'reject', () => judge('rejected')],
  [['u'], 'undecided again', () => judge(null)],
  [['A'], 'approve the whole set', () => here() && decide(here().set.shots, 'approved')],
  [['X'], 'reject the whole set', () => here() && decide(here().set.shots, 'rejected')],
  [[' '], 'look closely, or compare what is marked; then fit or 100 %', () => {
    if (isOpen()) zoomTo(stage.scale ? 0 : 1);
    else openViewer(marked.length > 1 ? marked : [grid.order[grid.current]].filter(Boolean));
  }],
  [['c'], 'mark to compare', () => !isOpen() && grid.order[grid.current] && mark(grid.order[grid.current])],
  [['f'], 'flicker between compared pictures', flicker],
  [['e'], 'compare with earlier takes', compareEarlier],
  [['i'], 'details beside the pictures', () => { const aside = isOpen() ? $('viewer-details') : $('details'); aside.hidden = !aside.hidden; placeAll(); }],
  [['/'], 'search', () => !isOpen() && $('search').focus()],
  [['?'], 'this help', () => $('help').showModal()],
  [['Escape'], 'back', () => { if (isOpen()) closeViewer(); else closeMenus(); }],
];

document.addEventListener('keydown', (event) => {
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || $('help').open) return;
  const typing = target.matches('textarea, select, input:not([type="range"])');
  if (typing && event.key !== 'Escape') return;
  if (event.key === ' ' && target.matches('button:not(.shot)')) return;
  const found = keys.find(([names]) => names.includes(event.key));
  if (!found) return;
  event.preventDefault();
  if (typing) target.blur();
  found[2]();
});

const spelt = { ' ': 'space', ArrowRight: '→', ArrowLeft: '←', ArrowDown: '↓', ArrowUp: '↑' };
$('help-keys').append(...keys.flatMap(([names, words]) => [
  el('dt', {}, ...names.flatMap((name) => [el('kbd', {}, spelt[name] ?? name), ' '])), el('dd', {}, words)]));
