// What is shown and how it is grouped: one value, and pure questions about it.
const view = { rows: 'series', columns: '', search: '', filters: new Map() };

const decisionWord = (shot) => decisions.of(shot.image).decision ?? 'open';
const filterKinds = [
  ...['series', ...axes].map((axis) => ({ name: axis, of: (shot, set) => [keyOf(set, axis)] })),
  { name: 'state', of: (shot, set) => [set.cell.kept ? 'kept' : set.job.phase.replace('_', ' ')] },
  { name: 'check', of: (shot, set) => {
    const found = shot ? findingsOf(shot).map((finding) => `${finding.check}: ${finding.level}`) : [];
    return found.length ? found : ['nothing found'];
  } },
  { name: 'decision', of: (shot) => [shot ? decisionWord(shot) : 'open'] },
];

function matches(shot, set) {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${set.cell.address} ${set.job.prompt} ${set.job.id} ${shot ? shot.image.sha256 : ''} ${set.job.error}`;
  if (!words.every((word) => text.toLowerCase().includes(word))) return false;
  return filterKinds.every((kind) => {
    const wanted = view.filters.get(kind.name);
    return !wanted?.size || kind.of(shot, set).some((key) => wanted.has(key));
  });
}

// The sets that are shown, each with its shots that are; a set without any picture is shown for its words.
function shownSets() {
  return sets.map((set) => ({ ...set, shown: set.shots.filter((shot) => matches(shot, set)) }))
    .filter((set) => set.shown.length || (!set.shots.length && matches(null, set)));
}

function grouped(found, axis) {
  const groups = new Map();
  for (const set of found) {
    const key = keyOf(set, axis) ?? '—';
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(set);
  }
  return groups;
}
