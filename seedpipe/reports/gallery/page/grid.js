// The sets on the page. Pictures are put in when they come near the window; the rest is left to the browser,
// which does not lay out what is far away.
const grid = { order: [], current: 0, buttons: new Map() };
const marked = [];
const GAP_PX = 12; // between pictures, as the style says
const LEAST_SHARE = 0.64; // of the height that is asked for: a set is made smaller by no more
const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    target.src = target.shot.thumbnail;
    near.unobserve(target);
  }
}, { rootMargin: '800px' });

function shotButton(shot) {
  const { width, height } = shot.image;
  const img = el('img', { alt: '', width, height, decoding: 'async' });
  img.style.width = `calc(var(--height) * ${width / height})`;
  img.style.aspectRatio = `${width} / ${height}`;
  img.shot = { thumbnail: thumbnail(shot.image) };
  near.observe(img);
  const button = el('button', { type: 'button', class: 'shot', tabIndex: -1 }, img, el('span', { class: 'mark' }));
  button.addEventListener('click', () => { focusShot(shot); openViewer([shot]); });
  grid.buttons.set(shot, button);
  grid.order.push(shot);
  showMark(shot);
  return button;
}

// Everything that is said of a picture stands below it.
function showMark(shot) {
  const button = grid.buttons.get(shot);
  if (!button) return;
  const { decision } = decisions.of(shot.image);
  const found = findingsOf(shot);
  const worst = found.find((finding) => finding.level === 'fail') ?? found[0];
  const words = { approved: ['✓ approved', 'good'], rejected: ['✕ rejected', 'bad'] }[decision];
  button.querySelector('.mark').replaceChildren(
    el('span', {}, String(shot.number)),
    ...(words ? [el('b', { class: words[1] }, words[0])] : []),
    ...shot.image.said.filter(({ said }) => said !== 'undecided').map(({ by, said }) => el('span', { class: SIGNS[said][1] }, `${SIGNS[said][0]} ${by}`)),
    el('span', { class: worst?.level === 'fail' ? 'bad' : 'warn' }, worst ? `${worst.check}${found.length > 1 ? ` +${found.length - 1}` : ''}` : ''),
  );
  button.classList.toggle('marked', marked.includes(shot));
  button.setAttribute('aria-label', [nameOf(shot), decision ?? 'open', ...shot.image.said.map(({ by, said }) => `${said} by ${by}`), ...found.map((finding) => finding.message)].join(', '));
}

// The height at which a set's pictures stand in even rows: one left over in a row of its own is a hole in the page.
function fittedHeight(ratios, width, height) {
  for (let rows = 1; rows < ratios.length; rows += 1) {
    const inRow = Math.ceil(ratios.length / rows);
    let fits = Infinity;
    for (let first = 0; first < ratios.length; first += inRow) {
      const row = ratios.slice(first, first + inRow);
      fits = Math.min(fits, (width - GAP_PX * (row.length - 1)) / row.reduce((sum, ratio) => sum + ratio, 0));
    }
    if (fits >= height * LEAST_SHARE) return Math.min(height, Math.floor(fits));
  }
  return height;
}

function fitSets() {
  const box = getComputedStyle($('sets'));
  const width = $('sets').clientWidth - parseFloat(box.paddingLeft) - parseFloat(box.paddingRight);
  const height = Number($('size').value);
  for (const section of document.querySelectorAll('.group > .set')) {
    const fitted = fittedHeight(section.ratios, width, height);
    if (fitted < height) section.style.setProperty('--height', `${fitted}px`);
    else section.style.removeProperty('--height');
  }
}

function setSection(set, without) {
  const { job, cell } = set;
  const keys = Object.entries(cell.axes).filter(([axis]) => !without.includes(axis)).map(([, key]) => key);
  const name = [without.includes('series') ? '' : cell.series, ...keys].filter(Boolean).join(' · ');
  const wrong = job.phase !== 'done' && !(cell.kept && job.phase === 'planned');
  const head = el('h3', {}, name || (without.length > 1 ? '' : cell.address),
    wrong ? el('span', { class: job.failed ? 'bad' : 'warn' }, job.error || job.remarks || job.words) : null,
    cell.kept ? el('b', { class: 'badge' }, 'kept') : null,
    el('span', {}, cell.kept?.words ?? job.cost), cell.kept?.remarks ? el('span', { class: 'warn' }, cell.kept.remarks) : null);
  const inside = set.shown.map(shotButton);
  if (!cell.images.length) inside.push(el('div', { class: 'absent' }, job.error || (cell.kept ? 'kept, and not on this machine' : job.words)));
  const section = el('section', { class: 'set', 'aria-label': cell.address }, head, el('div', { class: 'shots' }, ...inside));
  section.ratios = set.shown.map(({ image }) => image.width / image.height);
  return section;
}

function matrixOf(found) {
  const columns = [...grouped(found, view.columns).keys()];
  const without = [view.rows, view.columns];
  const body = [...grouped(found, view.rows)].map(([row, inRow]) => {
    const by = grouped(inRow, view.columns);
    return el('tr', {}, el('th', { scope: 'row' }, row),
      ...columns.map((column) => el('td', {}, ...(by.get(column) ?? []).map((set) => setSection(set, without)))));
  });
  return el('table', {}, el('caption', { class: 'sr' }, `${view.rows} by ${view.columns}`),
    el('thead', {}, el('tr', {}, el('td', {}), ...columns.map((column) => el('th', { scope: 'col' }, column)))),
    el('tbody', {}, ...body));
}

function showSets() {
  const before = grid.order[grid.current];
  const found = shownSets();
  grid.order = [];
  grid.buttons.clear();
  near.disconnect();
  const whole = view.columns && view.columns !== view.rows ? [matrixOf(found)]
    : [...grouped(found, view.rows)].map(([key, inside]) => el('section', { class: 'group' },
      el('h2', {}, key, el('small', {}, `${inside.length} ${inside.length === 1 ? 'set' : 'sets'}`)),
      ...inside.map((set) => setSection(set, [view.rows]))));
  $('sets').replaceChildren(...(found.length ? whole : [el('p', { class: 'none' }, sets.length ? 'Nothing fits these filters.' : 'There are no sets in this run.')]));
  grid.current = Math.max(0, grid.order.indexOf(before));
  fitSets();
  markCurrent();
  showTally();
}

function markCurrent() {
  grid.order.forEach((shot, place) => {
    const button = grid.buttons.get(shot);
    button.tabIndex = place === grid.current ? 0 : -1;
    if (place === grid.current) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
  });
  showDetails($('details'), grid.order[grid.current]);
}

function focusShot(shot) {
  grid.current = Math.max(0, grid.order.indexOf(shot));
  markCurrent();
  const button = grid.buttons.get(shot);
  button?.focus({ preventScroll: true });
  button?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

function move(step) {
  const place = Math.min(grid.order.length - 1, Math.max(0, grid.current + step));
  if (grid.order[place]) focusShot(grid.order[place]);
}

function moveSet(step) {
  const here = grid.order[grid.current]?.set.cell;
  let place = grid.current;
  while (grid.order[place] && grid.order[place].set.cell === here) place += step;
  move(Math.max(0, Math.min(grid.order.length - 1, place)) - grid.current);
}

function mark(shot) {
  const place = marked.indexOf(shot);
  if (place < 0) marked.push(shot); else marked.splice(place, 1);
  showMark(shot);
  showTray();
}

function showTray() {
  $('tray').hidden = !marked.length;
  $('tray-text').textContent = `${marked.length} marked to compare`;
}

function decide(targets, decision) {
  for (const { image } of targets) decisions.set(image, { decision });
  const changed = new Set(targets.map(({ image }) => image.sha256));
  grid.order.filter(({ image }) => changed.has(image.sha256)).forEach(showMark);
  showTally();
  showDetails($('details'), grid.order[grid.current]);
  say(`${targets.length === 1 ? nameOf(targets[0]) : `${targets.length} images`}: ${decision ?? 'open'}`);
}

function showTally() {
  const images = new Map(shots.map((shot) => [shot.image.sha256, decisionWord(shot)]));
  const count = (word) => [...images.values()].filter((found) => found === word).length;
  const [good, bad] = [count('approved'), count('rejected')];
  $('tally').textContent = `${good} approved, ${bad} rejected, ${images.size - good - bad} open`;
  $('meter-approved').style.width = `${(100 * good) / (images.size || 1)}%`;
  $('meter-rejected').style.width = `${(100 * bad) / (images.size || 1)}%`;
}
