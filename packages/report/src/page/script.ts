/**
 * The page's script: values under the pointer, or, with a chart focused, at the arrow keys' position. Everything is set as
 * text, never as markup. Without it the page lacks nothing else.
 */
export const TOOLTIP_SCRIPT = String.raw`
"use strict";
const SVG = "http://www.w3.org/2000/svg";
const tooltip = document.body.appendChild(document.createElement("div"));
tooltip.className = "tooltip";
tooltip.hidden = true;

const element = (parent, name, attributes) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return parent.appendChild(node);
};
const text = (parent, name, content) => {
  const node = parent.appendChild(document.createElement(name));
  node.textContent = content;
  return node;
};
const number = (value) =>
  value === null ? "not finite"
  : value !== 0 && Math.abs(value) < 1e-3 ? String(Number(value.toPrecision(3)))
  : value.toLocaleString("en-US", { maximumSignificantDigits: 4 });

function addCursor(svg, series) {
  const [left, top, right, bottom] = svg.dataset.plot.split(" ").map(Number);
  const [x0, x1] = svg.dataset.x.split(" ").map(Number);
  const scale = svg.dataset.yScale === "log" ? Math.log : Number;
  const [y0, y1] = svg.dataset.y.split(" ").map((y) => scale(Number(y)));
  const placeX = (x) => left + ((x - x0) / (x1 - x0)) * (right - left);
  const placeY = (y) => bottom - ((scale(y) - y0) / (y1 - y0)) * (bottom - top);
  const positions = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  if (positions.length === 0) return;
  for (const title of svg.querySelectorAll(".dt-series > title")) title.remove();

  const cursor = element(svg, "g", { class: "dt-cursor", visibility: "hidden" });
  const line = element(cursor, "line", { y1: top, y2: bottom });
  const dots = series.map(({ color }) => element(cursor, "circle", { class: "dt-s" + color, r: 4 }));
  let current = positions.length - 1;

  const nearest = (x, list, get) =>
    list.reduce((best, item) => (Math.abs(get(item) - x) < Math.abs(get(best) - x) ? item : best), list[0]);

  const hide = () => {
    cursor.setAttribute("visibility", "hidden");
    tooltip.hidden = true;
  };
  const show = (x) => {
    current = positions.indexOf(x);
    cursor.setAttribute("visibility", "visible");
    line.setAttribute("x1", placeX(x));
    line.setAttribute("x2", placeX(x));
    tooltip.replaceChildren();
    text(tooltip, "b", "iteration " + x.toLocaleString("en-US"));
    series.forEach(({ name, color, points }, i) => {
      const [px, y, smoothed = y] = nearest(x, points, (point) => point[0]);
      // A series that has no value near here has nothing to say about this place.
      const near = Math.abs(px - x) <= (x1 - x0) / 40;
      const drawn = near && smoothed !== null && (scale === Number || smoothed > 0);
      dots[i].setAttribute("visibility", drawn ? "inherit" : "hidden");
      if (drawn) {
        dots[i].setAttribute("cx", placeX(px));
        dots[i].setAttribute("cy", placeY(smoothed));
      }
      if (!near) return;
      const row = text(tooltip, "div", "");
      text(row, "i", "").style.setProperty("--color", "var(--s" + color + ")");
      if (series.length > 1) text(row, "span", name);
      text(row, "strong", number(y));
      if (smoothed !== y) text(row, "small", "smoothed " + number(smoothed));
    });
    tooltip.hidden = false;
    const box = svg.getBoundingClientRect();
    const at = box.left + (placeX(x) / svg.viewBox.baseVal.width) * box.width;
    const beside = at + 16 + tooltip.offsetWidth < document.documentElement.clientWidth ? at + 16 : at - 16 - tooltip.offsetWidth;
    tooltip.style.left = Math.max(4, beside) + window.scrollX + "px";
    tooltip.style.top = box.top + window.scrollY + 8 + "px";
  };

  svg.addEventListener("pointermove", ({ clientX }) => {
    const box = svg.getBoundingClientRect();
    const at = ((clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    show(nearest(x0 + ((at - left) / (right - left)) * (x1 - x0), positions, (x) => x));
  });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.tabIndex = 0;
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") hide();
    if (step === undefined) return;
    event.preventDefault();
    show(positions[Math.min(positions.length - 1, Math.max(0, current + step))]);
  });
}

for (const figure of document.querySelectorAll("figure.chart")) {
  const series = JSON.parse(figure.querySelector("script").textContent);
  for (const svg of figure.querySelectorAll("svg")) addCursor(svg, series);
}
`;
