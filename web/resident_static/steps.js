// The questions after the first: waste types, lead, language, what else to tell, quiet hours.
import { choice, el } from "./dom.js";
import { language, languages, named, spoken, word } from "./words.js";

const NEEDS = [2, 5, 10, 15];
const SPARE_MIN = 5;
const LEAST_MIN = 3;
const MOST_MIN = 60;
const METRES = [200, 300, 500, 1000];

/** A group of answers under the screen's own heading. */
const group = (label, ...answers) => el("fieldset", {}, el("legend", { class: "unseen", text: label }), ...answers);

/** Which waste: all are ticked. */
export const waste = {
  title: () => word("waste.title"),
  ready: (form) => form.categories.length > 0,
  draw({ body, app, form, change }) {
    const tick = (id) => (input) => {
      const rest = form.categories.filter((each) => each !== id);
      const wanted = new Set(input.checked ? [...rest, id] : rest);
      change({ categories: app.city.categories.map((each) => each.id).filter((each) => wanted.has(each)) });
    };
    body.append(el("p", { class: "hint", text: word("waste.hint") }), group(word("waste.title"),
      ...app.city.categories.map((each) => choice({ type: "checkbox", name: "waste", value: each.id,
        checked: form.categories.includes(each.id), label: named(each, app.city.language),
        image: each.pictogram || "bag", onchange: tick(each.id) }))));
  },
};

/** How early: from the resident's own walking time; by distance for who prefers that. */
export const lead = {
  title: () => word("lead.title"),
  ready: (form) => Boolean(form.lead),
  draw({ body, app, form, change }) {
    const said = el("p", { class: "result", role: "status" });
    const redraw = () => tell(said, form, app);
    const need = (minutes) => () => { change({ needs_min: minutes, lead: { minutes: suggested(minutes) } }); redraw(); };
    if (!form.lead) change({ needs_min: 5, lead: { minutes: suggested(5) } });
    body.append(el("p", { class: "hint", text: word("lead.hint") }), group(word("lead.title"),
      ...NEEDS.map((minutes) => choice({ type: "radio", name: "needs", value: minutes,
        checked: form.needs_min === minutes && Boolean(form.lead.minutes), label: word("lead.needs", { n: minutes }),
        onchange: need(minutes) }))),
      said, fine(form, change, redraw), ...(app.city.policy === "by_deadline" ? [] : [otherLeads(form, change, redraw)]));
    redraw();
  },
};

/** Minutes to tell before: the walk, and some to tie the bag and put shoes on. */
export const suggested = (needs) => Math.min(MOST_MIN, Math.max(LEAST_MIN, needs + SPARE_MIN));

function tell(node, form, app) {
  const { minutes, metres } = form.lead;
  if (app.city.policy === "by_deadline") node.textContent = word("lead.deadline", { n: minutes });
  else if (minutes) node.textContent = word("lead.result", { n: minutes });
  else node.textContent = metres ? word("lead.metres.result", { metres }) : word("lead.zone.result");
}

function fine(form, change, redraw) {
  const by = (step) => () => {
    const now = form.lead.minutes ?? suggested(form.needs_min ?? 5);
    change({ lead: { minutes: Math.min(MOST_MIN, Math.max(LEAST_MIN, now + step)) } });
    redraw();
  };
  const make = (text, label, step) => el("button", { type: "button", class: "button round", "aria-label": label, text, on: { click: by(step) } });
  return el("div", { class: "fine" }, el("span", { text: word("lead.adjust") }), make("−", word("lead.later"), -1), make("+", word("lead.earlier"), 1));
}

function otherLeads(form, change, redraw) {
  const set = (value) => () => { change({ lead: value }); redraw(); };
  const rows = form.place?.kind === "zone" ? [] : METRES.map((metres) => choice({ type: "radio", name: "needs", value: `m${metres}`,
    checked: form.lead.metres === metres, label: word("lead.metres", { metres }), onchange: set({ metres }) }));
  const zone = choice({ type: "radio", name: "needs", value: "zone", checked: Boolean(form.lead.zone), label: word("lead.zone"), onchange: set({ zone: true }) });
  return el("details", { open: !form.lead.minutes }, el("summary", { text: word("lead.other") }), ...rows, zone);
}

/** In which language the messages are; the page changes with it. */
export const speech = {
  title: () => word("speech.title"),
  draw({ body, app, form, change }) {
    const speak = (tag) => async () => { change({ language: tag }); await app.speak(tag); await app.redraw(); document.querySelector("[name=speech]:checked")?.focus(); };
    body.append(group(word("speech.title"), ...languages().map(({ tag, name }) => choice({ type: "radio", name: "speech",
      value: tag, checked: tag === language(), label: name, lang: spoken(tag), onchange: speak(tag) }))));
    if (form.language !== language()) change({ language: language() });
  },
};

/** A thing that may be wanted, with its time of day. */
function timed(label, before, usual, form, change) {
  const of = () => form.reminders.find((each) => each.days_before === before);
  const set = (wanted, at) => change({ reminders: [...form.reminders.filter((each) => each.days_before !== before),
    ...(wanted ? [{ days_before: before, at }] : [])] });
  const time = el("input", { type: "time", value: of()?.at ?? usual, "aria-label": word("told.time", { what: label }), required: true,
    on: { change: () => time.value && set(box.querySelector("input").checked, time.value) } });
  const box = choice({ type: "checkbox", name: "told", value: `reminder${before}`, checked: Boolean(of()), label,
    onchange: (input) => { set(input.checked, time.value || usual); time.disabled = !input.checked; } });
  time.disabled = !of();
  return el("div", { class: "timed" }, box, time);
}

/** What else to tell: the evening before, the morning, here, passed. */
export const told = {
  title: () => word("told.title"),
  draw({ body, form, change }) {
    const kind = (name) => (input) => change({ kinds: [...form.kinds.filter((each) => each !== name), ...(input.checked ? [name] : [])] });
    const extra = (name, label, note) => choice({ type: "checkbox", name: "told", value: name, checked: form.kinds.includes(name), label, note, onchange: kind(name) });
    body.append(el("p", { class: "hint", text: word("told.hint") }), group(word("told.title"),
      timed(word("told.evening"), 1, "19:00", form, change), timed(word("told.morning"), 0, "07:00", form, change),
      extra("here", word("told.here"), word("told.here.note")), extra("passed", word("told.passed"), word("told.passed.note"))));
  },
};

/** When to be silent. Who sleeps by day sets other hours. */
export const quiet = {
  title: () => word("quiet.title"),
  draw({ body, form, change }) {
    const was = form.quiet ?? { from: "22:00", until: "06:00" };
    const hours = () => ({ from: from.value || was.from, until: until.value || was.until });
    const set = () => { change({ quiet: on.querySelector("input").checked ? hours() : null }); from.disabled = until.disabled = !form.quiet; };
    const time = (id, value) => el("input", { type: "time", id, value, required: true, disabled: !form.quiet, on: { change: set } });
    const [from, until] = [time("quiet-from", was.from), time("quiet-until", was.until)];
    const on = choice({ type: "checkbox", name: "quiet", value: "on", checked: Boolean(form.quiet), label: word("quiet.on"), onchange: set });
    body.append(el("p", { class: "hint", text: word("quiet.hint") }), on, el("div", { class: "hours" },
      el("p", {}, el("label", { for: "quiet-from", text: word("quiet.from") }), from),
      el("p", {}, el("label", { for: "quiet-until", text: word("quiet.until") }), until)));
  },
};
