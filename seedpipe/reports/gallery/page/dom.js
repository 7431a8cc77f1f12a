// Elements are made here and nowhere else: text is always text, never markup.
const $ = (id) => document.getElementById(id);

function el(name, props = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (key === 'class') node.className = value;
    else if (key in node && !key.startsWith('aria')) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== ''));
  return node;
}

const say = (words) => { $('said').textContent = words; };
