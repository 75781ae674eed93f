// Signing up: one question a screen. The same questions are asked again one at a time from the settings ("edit").
import { call } from "./api.js";
import { button, el } from "./dom.js";
import { keep, kept } from "./keep.js";
import { place } from "./step_place.js";
import { language, word } from "./words.js";

const later = (name) => async () => (await import("./steps.js"))[name];
const STEPS = [
  { id: "place", load: async () => place },
  { id: "waste", load: later("waste") },
  { id: "lead", load: later("lead") },
  { id: "language", load: later("speech") },
  { id: "told", load: later("told") },
  { id: "quiet", load: later("quiet") },
  { id: "push", load: async () => (await import("./step_push.js")).push },
];

/** What a home asks for until it says otherwise. */
const DEFAULTS = {
  place: null,
  zone: null,
  lead: null,
  needs_min: null,
  quiet: { from: "22:00", until: "06:00" },
  kinds: [],
  reminders: [{ days_before: 1, at: "19:00" }],
  paused_until: null,
};

/** The sign-up under way, from where it was left. */
export function draft(app) {
  const all = app.city.categories.map((category) => category.id);
  return { ...DEFAULTS, categories: all, language: language(), ...kept().draft };
}

/** Begin with a zone from a printed link: the place is known, and the next question follows. */
export async function startFromZone(app, zone) {
  const { places } = await call("POST", "/places", { q: zone }).catch(() => ({ places: [] }));
  const known = places.find((each) => each.kind === "zone" && each.id === zone);
  if (!known) return "place";
  keep({ draft: { ...draft(app), place: { kind: "zone", zone }, zone }, placeName: known.name, step: "waste" });
  return "waste";
}

/** Draw a question. */
export async function draw({ main, title, app, screen, arg }) {
  const editing = screen === "edit";
  const at = Math.max(0, STEPS.findIndex((step) => step.id === (arg ?? "place")));
  const step = await STEPS[at].load();
  const form = editing ? structuredClone(kept().form) : draft(app);
  if (!editing) keep({ step: STEPS[at].id });
  const next = button(editing ? word("save") : word("next"), () => onward(), "main");
  const change = (more) => {
    Object.assign(form, more);
    if (!editing) keep({ draft: form });
    if (step.ready) next.toggleAttribute("disabled", !step.ready(form, app));
  };
  const onward = () => (editing ? save(app, form) : advance(app, form, at));
  title.textContent = step.title(app);
  if (!editing) title.before(progress(at));
  const body = el("div", { class: "answers" });
  const leave = await step.draw({ body, app, form, change, next, onward, editing });
  main.append(body, el("nav", { class: "steps", "aria-label": word("steps.label") },
    step.own ? null : next,
    at > 0 || editing ? button(word("back"), () => app.back(editing ? "settings" : "signup"), "plain") : null));
  if (at === 0 && !editing) main.append(recovering(app));
  change({});
  return leave;
}

function progress(at) {
  const text = word("step", { at: at + 1, of: STEPS.length });
  const bar = el("progress", { max: STEPS.length, value: at + 1, "aria-hidden": "true" });
  return el("p", { class: "progress" }, el("span", { text }), bar);
}

function recovering(app) {
  return el("p", { class: "aside" }, button(word("recover.have"), () => app.go("recover"), "link"));
}

async function advance(app, form, at) {
  const next = STEPS[at + 1];
  try {
    if (next?.id === "push") await send(app, form);
  } catch (error) {
    return app.trouble(error);
  }
  return next ? app.go("signup", next.id) : app.go("done");
}

/** The page's language where the city's messages have it, else the city's own. */
const spoken = (app) => (app.city.languages.includes(language()) ? language() : app.city.language);

/** Sign up, or change what was signed up when the resident went back; a repeat of the same try makes no second home. */
async function send(app, form) {
  const body = { ...form, language: spoken(app) };
  if (kept().key) await call("PUT", "/home", body);
  else {
    const made = await signUp(body);
    keep({ key: made.key, recovery: made.recovery_code });
  }
  keep({ form: body, tried: undefined });
  const { noteForWorker } = await import("./main.js");
  await noteForWorker();
}

async function signUp(body, again = true) {
  const tried = kept().tried ?? crypto.randomUUID();
  keep({ tried });
  try {
    return await call("POST", "/homes", body, { "Idempotency-Key": tried });
  } catch (error) {
    if (error.status !== 409 || !again) throw error;
    keep({ tried: undefined }); // a lost answer, and other wishes since
    return signUp(body, false);
  }
}

async function save(app, form) {
  try {
    await call("PUT", "/home", form);
    keep({ form });
    app.back("settings");
  } catch (error) {
    app.trouble(error);
  }
}
