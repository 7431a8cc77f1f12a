// The page is put together: header, filters, sets; buttons do what the keys do.
$('campaign').textContent = run.campaign + (run.series ? ` · ${run.series}` : '');
$('world').textContent = run.world;
$('world').classList.add(run.world);
$('index').hidden = !run.series;
$('totals').textContent = (run.series ? `${sets.length} of ${run.jobs} sets · ${shots.length} images`
  : `${run.done} of ${run.jobs} sets done${run.kept ? ` · ${run.kept} kept` : ''} · ${run.images} images · ${run.planned}`
    + (run.world === 'proof' ? ' if run live' : ` planned, ${run.billed} billed`))
  + (run.stopped ? ` · stopped: ${run.stopped}` : '');

function remembered(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(`seedpipe:view:${name}`, value);
    return localStorage.getItem(`seedpipe:view:${name}`);
  } catch { return null; }
}

function showSize(height) {
  document.documentElement.style.setProperty('--height', `${height}px`);
  document.documentElement.style.setProperty('--small', `${height * 0.62}px`);
  $('size').value = height;
  fitSets();
}
showSize(Number(remembered('size')) || Math.min(260, Math.max(180, 10 * Math.round(innerWidth / 80))));
$('size').addEventListener('input', () => showSize(remembered('size', $('size').value)));

if (remembered('theme')) document.documentElement.dataset.theme = remembered('theme');
$('theme').addEventListener('click', () => {
  const isDark = getComputedStyle(document.documentElement).colorScheme === 'dark'
    || (!document.documentElement.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = remembered('theme', isDark ? 'light' : 'dark') ?? (isDark ? 'light' : 'dark');
});

optionsFor($('rows'), view.rows, []);
optionsFor($('columns'), view.columns, [el('option', { value: '' }, 'none')]);
for (const id of ['rows', 'columns']) $(id).addEventListener('change', () => { view[id] = $(id).value; showSets(); });
$('choices').append(...filterKinds.map(choiceMenu));
$('search').addEventListener('input', () => { view.search = $('search').value; showChosen(); showSets(); });
$('clear').addEventListener('click', clearFilters);
document.addEventListener('click', (event) => { if (!event.target.closest('.choice')) closeMenus(); });

$('export').addEventListener('click', () => {
  const text = `${JSON.stringify(decisions.toDocument(), null, 2)}\n`;
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  el('a', { href: url, download: `${run.campaign}-decisions.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
});
$('import').addEventListener('click', () => $('import-file').click());
$('import-file').addEventListener('change', async () => {
  const [file] = $('import-file').files;
  if (!file) return;
  try {
    const { taken, unknown } = decisions.take(await file.text());
    say(`${taken} decisions taken over, ${unknown} not of these pictures`);
  } catch (error) { say(`The file cannot be used: ${error.message}`); }
  $('import-file').value = '';
  showSets();
});
addEventListener('storage', () => showSets());
addEventListener('resize', placeAll);
new ResizeObserver(fitSets).observe($('sets')); // the window, or the details beside them

$('compare').addEventListener('click', () => openViewer(marked));
$('unmark').addEventListener('click', () => { marked.splice(0).forEach(showMark); showTray(); });
$('close').addEventListener('click', closeViewer);
$('fit').addEventListener('click', () => zoomTo(0));
$('full').addEventListener('click', () => zoomTo(1));
$('flicker').addEventListener('click', flicker);
$('earlier').addEventListener('click', compareEarlier);
$('help-button').addEventListener('click', () => $('help').showModal());

showSets();
document.documentElement.dataset.ready = 'yes';
