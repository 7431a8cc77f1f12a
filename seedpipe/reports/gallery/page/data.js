// What the page shows: the island is read once and laid out as sets, each a cell with its job, and as shots.
const island = JSON.parse($('data').textContent);
const { run } = island;
$('data').remove();

const sets = island.jobs.flatMap((job) => job.cells.map((cell) => ({ job, cell })));
const shots = [];
for (const set of sets) {
  set.shots = set.cell.images.map((image) => ({ set, image, number: image.place + 1 }));
  shots.push(...set.shots);
}
const axes = [...new Set(sets.flatMap((set) => Object.keys(set.cell.axes)))];

const keyOf = (set, axis) => (axis === 'series' ? set.cell.series : set.cell.axes[axis]);
const findingsOf = (shot) => shot.set.cell.checks.flatMap((result) => result.findings
  .filter((finding) => finding.index === null || finding.index === shot.image.index)
  .map((finding) => ({ ...finding, check: result.check })));
const nameOf = (shot) => `${shot.set.cell.address}, image ${shot.number}`;

// A picture is WebP by content; an empty one could not be read, and then the file itself is shown.
function thumbnail(image) {
  const small = island.pictures[image.sha256];
  return small ? `data:image/webp;base64,${small}` : image.href;
}
function whole(image) {
  const full = island.whole[image.sha256];
  return full ? `data:${image.type};base64,${full}` : image.href;
}
