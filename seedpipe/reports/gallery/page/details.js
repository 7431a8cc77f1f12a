// Everything that is known of one picture: decision, findings, prompt, inputs, cost, attempts, hashes.
function pairs(entries) {
  return el('dl', {}, ...entries.filter(([, value]) => value !== null && value !== '')
    .flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, typeof value === 'object' ? JSON.stringify(value) : String(value))]));
}

const part = (title, ...inside) => [el('h3', {}, title), ...inside];

function decisionPart(shot) {
  const { decision, note } = decisions.of(shot.image);
  const button = (word, value, key) => {
    const made = el('button', { type: 'button', 'aria-pressed': String(decision === value), title: `key ${key}` }, word);
    made.addEventListener('click', () => { decide([shot], decision === value ? null : value); showDetails(made.closest('aside'), shot); });
    return made;
  };
  const text = el('textarea', { rows: 2, value: note ?? '', placeholder: 'Note', 'aria-label': 'Note' });
  text.addEventListener('change', () => decisions.set(shot.image, { note: text.value }));
  return [el('div', { class: 'decide' }, button('✓ Approve', 'approved', 'a'), button('✕ Reject', 'rejected', 'x')), text];
}

// What the team had said when the page was made; it stands in the campaign's decisions file.
const teamPart = (image) => (image.said.length ? part('The team', ...image.said.map(({ by, said, note }) => (
  el('p', {}, el('b', { class: SIGNS[said][1] }, `${SIGNS[said][0]} ${by}`), note ? `: ${note}` : '')))) : []);

function showDetails(aside, shot) {
  if (!shot) { aside.replaceChildren(el('p', { class: 'quiet' }, 'No picture is chosen.')); return; }
  const { set: { job, cell }, image } = shot;
  const made = cell.kept ?? job; // what the picture was made from: a kept one by another request than today's
  const found = findingsOf(shot);
  const passed = cell.checks.filter((result) => !result.findings.length).map((result) => result.check);
  const link = whole(image); // a link beside the page, or the embedded file
  aside.replaceChildren(
    el('h2', {}, cell.address), el('p', { class: 'quiet' }, shot.label ?? `image ${shot.number} of ${job.expected} · ${image.width} × ${image.height}`),
    ...decisionPart(shot),
    ...teamPart(image),
    ...(found.length ? part('Findings', ...found.map((finding) => el('p', { class: `found ${finding.level}` }, `${finding.check}: ${finding.message}`))) : []),
    ...(passed.length ? part('Passed', el('p', {}, passed.join(', '))) : []),
    ...part(cell.kept ? 'Prompt of this picture' : 'Prompt', el('p', {}, made.prompt)),
    ...(cell.kept ? part('Prompt of the campaign now', el('p', {}, job.prompt)) : []),
    ...(cell.before ? part('Prompt before the change', el('p', {}, cell.before.prompt)) : []),
    ...part('Axes', pairs([['series', cell.series], ...Object.entries(cell.axes)])),
    ...part('Inputs', pairs([['model', made.model], ...Object.entries(made.inputs)])),
    ...part('State and cost', pairs([['state', cell.kept?.words ?? job.words], ['', job.error], ['remarks', made.remarks], ['a set costs', job.cost],
      ['also in', job.cells.filter((other) => other !== cell).map((other) => other.address).join(', ')]])),
    ...(made.attempts.length ? part('Attempts', ...made.attempts.map((attempt) => pairs([['attempt', attempt.number], ['', attempt.words],
      ['prediction', attempt.prediction], ['sent', attempt.sent], ['took', attempt.ms === null ? '' : `${attempt.ms / 1000} s`], ['', attempt.error]]))) : []),
    ...part('File', pairs([['type', image.type], ['bytes', image.bytes.toLocaleString('en')]]), el('p', {}, el('code', {}, image.sha256)),
      link && !link.startsWith('data:') ? el('p', {}, el('a', { href: link, target: '_blank', rel: 'noreferrer' }, 'Open the file')) : ''),
    ...part('Job', el('p', {}, el('code', {}, made.id))),
  );
}
