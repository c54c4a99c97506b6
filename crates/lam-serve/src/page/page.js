"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  // Ten colours that colour-blind readers tell apart (Petroff, arXiv 2107.02270), as in the reports.
  const COLOURS = ["#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"];
  const TOKEN = "lam-token";

  let index = null;
  let map = null;
  let last = null; // the latest query: {body, kind, picture}
  let shown = null; // the latest answer
  let turn = 0;
  let pictures = [];

  const number = (value) => value.toLocaleString("en", { maximumFractionDigits: 0 });
  const decimals = (value) => value.toLocaleString("en", { minimumFractionDigits: 3, maximumFractionDigits: 3 });
  const percent = (share) => `${Math.round(share * 100)} %`;

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function drawn(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  // ---- The server ----

  class Refused extends Error {}

  async function ask(path, options = {}) {
    const token = sessionStorage.getItem(TOKEN);
    const headers = { ...options.headers };
    if (token) headers.Authorization = `Bearer ${token}`;
    let response;
    try {
      response = await fetch(path, { ...options, headers });
    } catch {
      throw new Error("The server does not answer. Is it still running?");
    }
    if (response.status === 401) {
      sessionStorage.removeItem(TOKEN);
      askForToken(token ? "That is not the token." : "");
      throw new Refused();
    }
    if (!response.ok) {
      const body = await response.json().catch(() => ({}));
      throw new Error(sentence(body.error || `The server answered with ${response.status}.`));
    }
    return response;
  }

  function sentence(text) {
    const first = text.charAt(0).toUpperCase() + text.slice(1);
    return /[.!?]$/.test(first) ? first : `${first}.`;
  }

  // ---- The token ----

  function askForToken(error) {
    $("main").hidden = true;
    $("token-form").hidden = false;
    $("token-error").hidden = !error;
    $("token-error").textContent = error;
    $("token").focus();
  }

  $("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(TOKEN, $("token").value.trim());
    $("token").value = "";
    start();
  });

  // ---- What is served ----

  async function start() {
    try {
      index = await (await ask("/index")).json();
    } catch (error) {
      if (!(error instanceof Refused)) fail(error.message);
      return;
    }
    $("token-form").hidden = true;
    $("main").hidden = false;
    describe();
    await loadMap();
  }

  function describe() {
    const name = index.name || "LAM";
    $("name").textContent = name;
    document.title = name === "LAM" ? "LAM" : `${name} – LAM`;
    const facts = [`${number(index.items)} ${index.items === 1 ? "item" : "items"}`];
    if (index.classes) facts.push(`${number(index.classes)} ${index.classes === 1 ? "class" : "classes"}`);
    if (index.risk !== null) facts.push(`at most ${percent1(index.risk)} wrong among accepted answers`);
    $("facts").textContent = facts.join(" · ");
    $("image-form").hidden = !index.images;
    $("vector-part").open = !index.images;
    $("vector-label").textContent = `A JSON list of ${number(index.vector)} numbers`;
    $("vector-help").textContent = index.images ? "An embedding, as /embed gives it." : "Press Ctrl + Enter to search.";
    $("empty-text").textContent = index.items
      ? "What is found appears here, with how sure the answer is."
      : "The index is empty. Add items with POST /items.";
    const counts = [...new Set([5, 10, 20, 50, index.k])].sort((a, b) => a - b);
    $("k").replaceChildren(...counts.map((count) => new Option(count, count, false, count === index.k)));
    $("ranking-part").hidden = !index.spread;
    $("ranking").value = index.ranking;
    $("footer-text").textContent = `· ${index.dim} dimensions · ${index.method === "exact" ? "exact search" : "approximate search"}`;
  }

  function percent1(share) {
    return `${(share * 100).toLocaleString("en", { maximumFractionDigits: 1 })} %`;
  }

  // ---- Asking ----

  function chosen(file) {
    if (!file) return;
    if (!index || !index.images) return fail("This server takes vectors, not images.");
    if (file.type && !["image/jpeg", "image/png", "image/webp"].includes(file.type)) {
      return fail("Not an image that can be read: it takes JPEG, PNG and WebP.");
    }
    if (file.size > index.body_bytes) {
      return fail(`The image has ${(file.size / 1048576).toFixed(1)} MB; at most ${Math.floor(index.body_bytes / 1048576)} MB are taken.`);
    }
    search({ body: file, kind: file.type || "image/jpeg", picture: file });
  }

  function given(text) {
    let vector;
    try {
      vector = JSON.parse(text);
    } catch {
      return fail("That is not a JSON list of numbers, such as [0.1, -0.2, 0.3].");
    }
    if (vector && !Array.isArray(vector) && Array.isArray(vector.mean || vector.vector)) vector = vector.mean || vector.vector;
    if (!Array.isArray(vector) || !vector.every((value) => typeof value === "number")) {
      return fail("That is not a JSON list of numbers, such as [0.1, -0.2, 0.3].");
    }
    if (vector.length !== index.vector) {
      return fail(`The list has ${number(vector.length)} numbers; ${number(index.vector)} are expected.`);
    }
    search({ body: JSON.stringify({ vector }), kind: "application/json", picture: null });
  }

  async function search(query) {
    last = query;
    const own = ++turn;
    const results = $("results");
    results.setAttribute("aria-busy", "true");
    $("failure").hidden = true;
    const asked = new URLSearchParams({ k: $("k").value, map: "true" });
    if (index.spread) asked.set("ranking", $("ranking").value);
    try {
      const options = { method: "POST", body: query.body, headers: { "Content-Type": query.kind } };
      const answer = await (await ask(`/search?${asked}`, options)).json();
      if (own === turn) show(answer, query);
    } catch (error) {
      if (own === turn && !(error instanceof Refused)) fail(error.message);
    } finally {
      if (own === turn) results.setAttribute("aria-busy", "false");
    }
  }

  function fail(message) {
    $("main").hidden = false;
    $("failure").textContent = message;
    $("failure").hidden = false;
    $("answer").hidden = true;
    $("empty").hidden = true;
    shown = null;
    drawMap();
  }

  // ---- Showing ----

  function picture(file) {
    const url = URL.createObjectURL(file);
    pictures.push(url);
    return url;
  }

  function pixelated(image) {
    image.addEventListener("load", () => image.classList.toggle("tiny", image.naturalWidth < 96));
  }

  function className(neighbour) {
    return neighbour.class ?? (neighbour.label === null ? null : `class ${neighbour.label}`);
  }

  function show(answer, query) {
    pictures.forEach((url) => URL.revokeObjectURL(url));
    pictures = [];
    shown = answer;
    $("failure").hidden = true;
    $("empty").hidden = true;
    $("answer").hidden = false;
    const own = $("query-picture");
    own.hidden = !query.picture;
    if (query.picture) own.src = picture(query.picture);

    const first = answer.neighbours[0];
    const name = first && (className(first) ?? String(first.id));
    const abstained = answer.verdict === "abstained";
    $("verdict").className = `verdict ${answer.verdict}`;
    const kinds = { accepted: "Accepted", abstained: "Abstained", undecided: first && className(first) !== null ? "Nearest class" : "Nearest item" };
    $("kind").textContent = kinds[answer.verdict];
    $("kind").hidden = !first;
    if (!first) {
      $("headline").textContent = "Nothing found";
    } else if (abstained) {
      $("headline").textContent = "Not sure: this looks unlike anything indexed";
    } else {
      $("headline").textContent = name;
    }
    const sure = answer.confidence ?? answer.agreement;
    $("meter").hidden = sure === null || abstained;
    $("meter-fill").style.width = `${(sure ?? 0) * 100}%`;
    const said = [];
    if (!abstained && answer.confidence !== null) said.push(`${percent(answer.confidence)} sure.`);
    else if (!abstained && answer.agreement !== null) said.push(`${percent(answer.agreement)} of the model's samples agree.`);
    if (answer.verdict !== "undecided" || !said.length) said.push(sentence(answer.reason));
    $("reason").textContent = said.join(" ");
    const numbers = [];
    if (abstained && answer.confidence !== null) numbers.push(`${percent(answer.confidence)} sure of the nearest class`);
    // Where the index has its own threshold, the reason says it.
    if (answer.uncertainty !== null && (index.risk !== null || answer.verdict === "undecided")) numbers.push(`uncertainty ${decimals(answer.uncertainty)}`);
    if (answer.agreement !== null && answer.confidence !== null) numbers.push(`${percent(answer.agreement)} of samples agree`);
    $("numbers").textContent = numbers.join(" · ");
    $("numbers").hidden = !numbers.length;

    $("neighbours-title").textContent = abstained ? "The nearest items, which may not be related" : "Nearest items";
    $("neighbours-title").classList.toggle("quiet", abstained);
    $("neighbours-title").hidden = !first;
    $("neighbours").className = abstained ? "neighbours subordinate" : "neighbours";
    $("neighbours").replaceChildren(...answer.neighbours.map(card));
    drawMap();
    $("verdict").scrollIntoView({ block: "nearest" });
  }

  function card(neighbour) {
    const item = element("li", "card");
    const name = className(neighbour);
    if (neighbour.image) item.append(pictureOf(neighbour, name));
    const text = element("div", "card-text");
    const heading = element("div", "card-class");
    if (name !== null) {
      const dot = element("span", "dot");
      dot.style.background = colour(name);
      heading.append(dot);
    }
    heading.append(element("span", "", name ?? String(neighbour.id)));
    text.append(heading);
    const id = element("div", "card-id", neighbour.metadata || String(neighbour.id));
    id.title = neighbour.metadata ? `${neighbour.id}: ${neighbour.metadata}` : String(neighbour.id);
    if (name !== null || neighbour.metadata) text.append(id);
    text.append(element("div", "card-number", `distance ${decimals(neighbour.distance)}`));
    if (neighbour.expected !== null) text.append(element("div", "card-number", `expected ${decimals(neighbour.expected)}`));
    if (neighbour.uncertainty !== null) text.append(element("div", "card-number muted uncertainty", `uncertainty ${decimals(neighbour.uncertainty)}`));
    const near = element("div", "near");
    const fill = element("div");
    fill.style.width = `${Math.max(0, 1 - neighbour.distance / 2) * 100}%`;
    near.append(fill);
    text.append(near);
    item.append(text);
    return item;
  }

  function pictureOf(neighbour, name) {
    const figure = element("figure");
    const own = turn;
    ask(neighbour.image)
      .then((response) => response.blob())
      .then((blob) => {
        if (own !== turn) return;
        const image = element("img");
        image.alt = name === null ? `Item ${neighbour.id}` : `Item of class ${name}`;
        pixelated(image);
        image.src = picture(blob);
        figure.replaceChildren(image);
      })
      .catch(() => figure.replaceChildren(element("span", "", "no picture")));
    return figure;
  }

  // ---- The map ----

  const WIDTH = 400;
  const HEIGHT = 300;
  const MARGIN = 16;

  function colour(name) {
    const place = map ? map.classes.indexOf(name.replace(/^class (?=\d+$)/, "")) : -1;
    return place >= 0 && place < COLOURS.length ? COLOURS[place] : "var(--other)";
  }

  async function loadMap() {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      try {
        map = await (await ask("/map")).json();
        break;
      } catch (error) {
        if (error instanceof Refused) return;
        await new Promise((done) => setTimeout(done, 500));
      }
    }
    drawMap();
  }

  function drawMap() {
    if (!map || !map.points.length) return;
    $("map-part").hidden = false;
    const place = shown && shown.map && shown.map.version === map.version ? shown.map : null;
    if (!place && shown && shown.map && shown.map.version > map.version) {
      // The index has changed enough for a new map.
      loadMap();
      return;
    }
    const all = place ? [...map.points, place.at, ...place.neighbours] : map.points;
    const range = (axis) => all.reduce(([low, high], point) => [Math.min(low, point[axis]), Math.max(high, point[axis])], [Infinity, -Infinity]);
    const [left, right] = range(0);
    const [low, high] = range(1);
    const scale = Math.min((WIDTH - 2 * MARGIN) / (right - left || 1), (HEIGHT - 2 * MARGIN) / (high - low || 1));
    const at = ([x, y]) => [WIDTH / 2 + (x - (left + right) / 2) * scale, HEIGHT / 2 - (y - (low + high) / 2) * scale];

    const parts = [];
    const [x, y] = place ? at(place.at) : [0, 0];
    if (place && place.spread) {
      const turned = `rotate(${((-place.spread.angle * 180) / Math.PI).toFixed(2)} ${x.toFixed(1)} ${y.toFixed(1)})`;
      for (const deviations of [2, 1]) {
        const axes = { rx: (deviations * place.spread.major * scale).toFixed(2), ry: (deviations * place.spread.minor * scale).toFixed(2) };
        parts.push(drawn("ellipse", { class: "spread", cx: x.toFixed(1), cy: y.toFixed(1), ...axes, transform: turned }));
      }
    }
    const radius = map.points.length > 500 ? 1.8 : 2.6;
    map.points.forEach((point, i) => {
      const [cx, cy] = at(point);
      const of = map.classes_of[i];
      const circle = drawn("circle", { class: "point", cx: cx.toFixed(1), cy: cy.toFixed(1), r: radius });
      circle.style.fill = of !== null && of < COLOURS.length ? COLOURS[of] : "var(--other)";
      parts.push(circle);
    });
    if (place) {
      place.neighbours.forEach((point) => {
        const [cx, cy] = at(point);
        parts.push(drawn("circle", { class: "neighbour", cx: cx.toFixed(1), cy: cy.toFixed(1), r: 4.5 }));
      });
      place.samples.forEach((point) => {
        const [cx, cy] = at(point);
        parts.push(drawn("circle", { class: "sample", cx: cx.toFixed(1), cy: cy.toFixed(1), r: 1.5 }));
      });
      const cross = `M${x - 6} ${y}H${x + 6}M${x} ${y - 6}V${y + 6}`;
      parts.push(drawn("path", { class: "query-under", d: cross }), drawn("path", { class: "query", d: cross }));
    }
    $("map").replaceChildren(...parts);

    const named = map.classes.slice(0, COLOURS.length).map((name, i) => legend(name, COLOURS[i]));
    if (map.classes.length > COLOURS.length) named.push(legend(`${number(map.classes.length - COLOURS.length)} others`, "var(--other)"));
    $("legend").replaceChildren(...named);
    const part = map.points.length < map.items ? `${number(map.points.length)} of ${number(map.items)} items` : `${number(map.items)} items`;
    const share = map.explained ? `, ${percent(map.explained[0] + map.explained[1])} of their variance` : "";
    let caption = `${part} in the plane of their two principal components${share}.`;
    if (place) {
      caption += " The cross is your query, rings are the nearest items";
      if (place.spread) caption += "; the ellipses are one and two standard deviations of the query";
      if (place.samples.length) caption += "; small dots are the model's samples of it";
      caption += ".";
    }
    $("map-caption").textContent = caption;
  }

  function legend(name, fill) {
    const entry = element("li");
    const dot = element("span", "dot");
    dot.style.background = fill;
    entry.append(dot, element("span", "", name));
    return entry;
  }

  // ---- Events ----

  pixelated($("query-picture"));
  $("file").addEventListener("change", () => {
    chosen($("file").files[0]);
    $("file").value = "";
  });
  $("vector-form").addEventListener("submit", (event) => {
    event.preventDefault();
    given($("vector").value);
  });
  $("vector").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      given($("vector").value);
    }
  });
  for (const id of ["k", "ranking"]) $(id).addEventListener("change", () => last && search(last));

  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    $("drop").classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) $("drop").classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    $("drop").classList.remove("over");
    chosen(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find((f) => f.type.startsWith("image/"));
    if (file) {
      event.preventDefault();
      chosen(file);
      return;
    }
    const text = event.clipboardData.getData("text").trim();
    if (text.startsWith("[") && event.target.tagName !== "TEXTAREA" && event.target.tagName !== "INPUT") {
      $("vector-part").open = true;
      $("vector").value = text;
      given(text);
    }
  });

  start();
})();
