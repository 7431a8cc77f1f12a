// Decisions live in the browser, one entry an image, so that two windows never overwrite each other.
const PREFIX = `seedpipe:${run.campaign}:${run.plan}:`;
const SIGNS = { approved: ['✓', 'good'], rejected: ['✕', 'bad'], undecided: ['·', 'quiet'] };
const memory = new Map(); // where storage is switched off, decisions last as long as the page

const decisions = {
  of(image) {
    try {
      const text = localStorage.getItem(PREFIX + image.sha256);
      return text ? JSON.parse(text) : {};
    } catch { return memory.get(image.sha256) ?? {}; }
  },
  set(image, change) {
    const entry = { ...this.of(image), ...change, at: new Date().toISOString() };
    const isEmpty = !entry.decision && !entry.note;
    memory.set(image.sha256, entry);
    try {
      if (isEmpty) localStorage.removeItem(PREFIX + image.sha256);
      else localStorage.setItem(PREFIX + image.sha256, JSON.stringify(entry));
    } catch { say('Decisions cannot be kept by this browser: export them before you close the page.'); }
  },
  toDocument() {
    const found = new Map();
    for (const { image, set } of shots) {
      const { decision, note, at } = this.of(image);
      if (!decision && !note) continue;
      const entry = found.get(image.sha256)
        ?? { sha256: image.sha256, decision: decision || null, note: note || '', decided_at: at, cells: [] };
      entry.cells.push({ address: set.cell.address, index: image.index });
      found.set(image.sha256, entry);
    }
    return { format: 1, kind: 'seedpipe decisions', campaign: run.campaign, world: run.world, plan_id: run.plan,
      run_id: run.run, exported_at: new Date().toISOString(), decisions: [...found.values()] };
  },
  take(text) {
    const given = JSON.parse(text);
    if (given.kind !== 'seedpipe decisions' || given.format !== 1) throw new Error('this is not a decisions file');
    const known = new Map(shots.map(({ image }) => [image.sha256, image]));
    let taken = 0;
    for (const { sha256, decision, note } of given.decisions) {
      if (!known.has(sha256) || ![null, 'approved', 'rejected'].includes(decision)) continue;
      this.set(known.get(sha256), { decision, note: String(note ?? '') });
      taken += 1;
    }
    return { taken, unknown: given.decisions.length - taken };
  },
};
