// Grouping and filtering: two lists for rows and columns, and a menu a kind of filter.
const LONG_LIST = 8; // keys, from which on a list gets a search field

function optionsFor(select, chosen, first) {
  const names = ['series', ...axes];
  select.replaceChildren(...first, ...names.map((name) => el('option', { value: name, selected: name === chosen }, name)));
}

function countsOf(kind) {
  const counts = new Map();
  for (const set of sets) {
    for (const shot of set.shots.length ? set.shots : [null]) {
      for (const key of kind.of(shot, set)) if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

function fill(kind, list) {
  const wanted = view.filters.get(kind.name);
  list.replaceChildren(...[...countsOf(kind)].map(([key, count]) => {
    const box = el('input', { type: 'checkbox', checked: wanted?.has(key) ?? false });
    box.addEventListener('change', () => choose(kind.name, key, box.checked));
    return el('label', {}, box, key, el('span', {}, String(count)));
  }));
}

function choiceMenu(kind) {
  const list = el('div', { role: 'group', 'aria-label': kind.name });
  const search = el('input', { type: 'search', placeholder: 'Search', 'aria-label': `Search ${kind.name}` });
  search.addEventListener('input', () => {
    for (const label of list.children) label.hidden = !label.textContent.toLowerCase().includes(search.value.toLowerCase());
  });
  const menu = el('div', { hidden: true }, countsOf(kind).size > LONG_LIST ? search : null, list);
  const button = el('button', { type: 'button', 'aria-expanded': 'false' }, `${kind.name} ▾`);
  button.dataset.kind = kind.name;
  button.addEventListener('click', () => {
    const open = menu.hidden;
    closeMenus();
    if (!open) return;
    fill(kind, list);
    menu.hidden = false;
    button.setAttribute('aria-expanded', 'true');
  });
  return el('span', { class: 'choice' }, button, menu);
}

function closeMenus() {
  for (const menu of document.querySelectorAll('.choice > div')) menu.hidden = true;
  for (const button of document.querySelectorAll('.choice > button')) button.setAttribute('aria-expanded', 'false');
}

function choose(name, key, isWanted) {
  const wanted = view.filters.get(name) ?? new Set();
  if (isWanted) wanted.add(key); else wanted.delete(key);
  view.filters.set(name, wanted);
  showChosen();
  showSets();
}

function showChosen() {
  for (const button of document.querySelectorAll('.choice > button')) {
    const count = view.filters.get(button.dataset.kind)?.size ?? 0;
    button.textContent = `${button.dataset.kind}${count ? ` (${count})` : ''} ▾`;
    button.classList.toggle('on', count > 0);
  }
  $('clear').hidden = !view.search && ![...view.filters.values()].some((wanted) => wanted.size);
}

function clearFilters() {
  view.filters.clear();
  view.search = '';
  $('search').value = '';
  showChosen();
  showSets();
}
