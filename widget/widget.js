/**
 * Sayso on a shop's own pages: `<sayso-widget>` is a floating button with a small dialog that takes a number and a
 * yes or opens the chat; `<sayso-checkbox>` is the box for a form that the shop has already. One file without
 * dependencies, served as it stands here: what was reviewed is what runs. It sets no cookie, keeps nothing, asks
 * nobody but the service it came from, and needs neither inline styles nor eval (Content-Security-Policy).
 *
 *   <script async src="https://consent.shop.example/widget.js" data-key="pub_…"></script>
 *
 * Everything from outside is put in as text. Attributes: data-key, data-mode (form, chat), data-label, data-title,
 * data-language (en, ru), data-position (end, start), data-theme (page, light, dark, system), data-color (#rrggbb).
 */
(() => {
  const script = document.currentScript;
  if (!(script instanceof HTMLScriptElement) || customElements.get("sayso-widget")) return;
  const service = script.src.replace(/\/widget(?:\/[\da-f]+)?\.js.*$/, "");

  /** What the service says is to be shown. @typedef {{ token: string, organizationName: string, language: string,
   *   boxes: { wording: string, purposes: string[], required: boolean }[], privacyNoticeUrl: string | null,
   *   chatUrl: string | null }} Shown */

  const words = {
    en: {
      open: "Updates on WhatsApp",
      chatOpen: "Chat on WhatsApp",
      close: "Close",
      title: "{name} on WhatsApp",
      loading: "One moment…",
      phone: "Your WhatsApp number",
      hint: "With the country code, such as +44 7700 900123",
      notice: "Privacy notice",
      newTab: "opens in a new tab",
      send: "Sign up",
      sending: "Sending…",
      or: "or",
      chat: "Write to us on WhatsApp",
      problem: "There is a problem",
      phoneWrong: "Enter your number with the country code, such as +44 7700 900123",
      boxWrong: "Tick the box if you agree",
      stale: "This form was open for too long. Please read it again and send it.",
      busy: "Too many tries just now. Please wait a few minutes.",
      failed: "We could not reach the service. What you typed is still here. Please try again.",
      closed: "This form cannot be shown just now.",
      retry: "Try again",
      done: "Your choice is on record",
      doneMeans: "{name} may ask you to confirm that the number is yours. To stop, reply STOP at any time.",
      pending: "One more step",
      pendingMeans: "Show us that the number is yours. Until then nothing is sent.",
      confirm: "Write this to us on WhatsApp:",
      reference: "Reference",
    },
    ru: {
      open: "Новости в WhatsApp",
      chatOpen: "Написать в WhatsApp",
      close: "Закрыть",
      title: "{name} в WhatsApp",
      loading: "Секунду…",
      phone: "Ваш номер в WhatsApp",
      hint: "С кодом страны, например +7 912 345‑67‑89",
      notice: "Как мы обращаемся с данными",
      newTab: "откроется в новой вкладке",
      send: "Подписаться",
      sending: "Отправляем…",
      or: "или",
      chat: "Напишите нам в WhatsApp",
      problem: "Проверьте, пожалуйста",
      phoneWrong: "Укажите номер с кодом страны, например +7 912 345‑67‑89",
      boxWrong: "Поставьте галочку, если согласны",
      stale: "Форма была открыта слишком долго. Прочитайте её ещё раз и отправьте.",
      busy: "Слишком много попыток. Подождите несколько минут.",
      failed: "Не удалось связаться с сервисом. Всё, что вы ввели, на месте. Попробуйте ещё раз.",
      closed: "Сейчас форму показать не получается.",
      retry: "Попробовать ещё раз",
      done: "Ваш выбор записан",
      doneMeans:
        "{name} может попросить подтвердить, что номер ваш. Чтобы отказаться, в любой момент ответьте СТОП.",
      pending: "Остался один шаг",
      pendingMeans: "Подтвердите, что номер ваш. До этого рассылки не будет.",
      confirm: "Напишите нам в WhatsApp:",
      reference: "Номер записи",
    },
  };

  const css = `
:host {
  all: initial;
  color-scheme: inherit;
  position: fixed;
  z-index: 2147483000;
  inset-block-end: 1.25em;
  inset-inline-end: 1.25em;
  --brand: var(--sayso-brand, #0b6350);
  --on-brand: var(--sayso-on-brand, #fff);
  --surface: var(--sayso-surface, #fff);
  --ink: var(--sayso-ink, #14211c);
  --quiet: var(--sayso-quiet, #4c5b54);
  --line: #d5dcd7;
  --edge: #7b8a83;
  --alarm: #b3261e;
  --corner: var(--sayso-corner, 1.125em);
  font: medium/1.5 var(--sayso-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif);
  color: var(--ink);
}
@supports (color: light-dark(#000, #fff)) {
  :host {
    --brand: var(--sayso-brand, light-dark(#0b6350, #6fd6b5));
    --on-brand: var(--sayso-on-brand, light-dark(#fff, #06231a));
    --surface: var(--sayso-surface, light-dark(#fff, #151d1a));
    --ink: var(--sayso-ink, light-dark(#14211c, #edf3f0));
    --quiet: var(--sayso-quiet, light-dark(#4c5b54, #a9b8b1));
    --line: light-dark(#d5dcd7, #2c3833);
    --edge: light-dark(#7b8a83, #75857d);
    --alarm: light-dark(#b3261e, #ffb4ab);
  }
}
:host([data-position="start"]) { inset-inline: 1.25em auto; }
:host([data-theme="light"]) { color-scheme: light; }
:host([data-theme="dark"]) { color-scheme: dark; }
:host([data-theme="system"]) { color-scheme: light dark; }
:host([hidden]) { display: none; }
* { box-sizing: border-box; margin: 0; font: inherit; color: inherit; overflow-wrap: anywhere; }
button, .button {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  gap: 0.625em;
  min-height: 3.25em;
  padding: 0.5em 1.25em;
  border: 2px solid var(--edge);
  border-radius: calc(var(--corner) * 0.8);
  background: none;
  font-weight: 650;
  line-height: 1.25;
  text-decoration: none;
  text-align: center;
  cursor: pointer;
  -webkit-tap-highlight-color: transparent;
}
.main { border-color: var(--brand); background: var(--brand); color: var(--on-brand); }
.main:hover { background: color-mix(in srgb, var(--brand) 88%, var(--ink)); border-color: transparent; }
.button.other:hover { border-color: var(--ink); }
.wide { width: 100%; }
[aria-disabled="true"] { opacity: 0.7; cursor: progress; }
:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
h2:focus { outline: none; }
svg { flex: none; width: 1.5em; height: 1.5em; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.opener { max-width: calc(100vw - 2.5em); border-radius: 2em; padding-inline: 1.125em 1.375em; box-shadow: 0 1px 2px rgb(0 0 0 / 0.25), 0 0.5em 1.5em rgb(0 0 0 / 0.22); }
dialog {
  width: 25em;
  max-width: calc(100vw - 2.5em);
  max-height: calc(100dvh - 2.5em);
  margin: auto 1.25em 1.25em auto;
  padding: 0;
  border: 1px solid var(--line);
  border-radius: var(--corner);
  background: var(--surface);
  overflow: auto;
  overscroll-behavior: contain;
  box-shadow: 0 1.5em 4em rgb(0 0 0 / 0.35);
}
:host([data-position="start"]) dialog { margin-inline: 1.25em auto; }
dialog::backdrop { background: rgb(8 16 12 / 0.45); }
.inside { padding: 1.25em 1.5em 1.5em; }
.top { display: flex; align-items: flex-start; justify-content: space-between; gap: 0.75em; margin-inline-end: -0.75em; }
h2 { padding-top: 0.25em; font-size: 1.3125em; line-height: 1.25; font-weight: 700; letter-spacing: -0.01em; text-wrap: balance; }
.close { flex: none; width: 2.75em; min-height: 2.75em; margin-top: -0.375em; padding: 0; border: 0; }
.close:hover { background: color-mix(in srgb, var(--ink) 8%, transparent); }
form, p, .problem, .field, .done { margin-top: 1.125em; }
.top + p { margin-top: 0.5em; }
label { display: block; font-weight: 650; }
.hint, .or, dt { color: var(--quiet); font-size: 0.9375em; }
.message { margin-top: 0.25em; color: var(--alarm); font-weight: 650; }
.wrong { border-inline-start: 4px solid var(--alarm); padding-inline-start: 0.875em; }
input[type="tel"] {
  display: block;
  width: 100%;
  min-height: 3.25em;
  margin-top: 0.5em;
  padding: 0.5em 0.875em;
  border: 2px solid var(--edge);
  border-radius: calc(var(--corner) * 0.6);
  background: transparent;
  font-size: 1.0625em;
}
.wrong input[type="tel"] { border-color: var(--alarm); }
.box { display: grid; grid-template-columns: auto 1fr; gap: 0.875em; padding-block: 0.625em; font-weight: 400; cursor: pointer; }
input[type="checkbox"] { width: 1.625em; height: 1.625em; accent-color: var(--brand); cursor: pointer; }
.link { display: inline-flex; align-items: center; min-height: 2.75em; text-decoration: underline; text-underline-offset: 0.2em; }
.problem { padding: 1em; border: 3px solid var(--alarm); border-radius: calc(var(--corner) * 0.6); }
.problem strong { font-weight: 700; }
.problem .link { color: var(--alarm); font-weight: 650; }
.problem p { margin-top: 0.25em; }
.or { display: flex; align-items: center; gap: 0.75em; margin-block: 0.875em; }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
.words { display: block; margin-top: 0.5em; font-weight: 700; }
.mark { width: 3em; height: 3em; margin-top: 0.75em; color: var(--brand); }
dl { margin-top: 1.125em; padding-top: 1em; border-top: 1px solid var(--line); }
dd { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 0.875em; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 36em) {
  dialog, :host([data-position="start"]) dialog { width: 100%; max-width: 100%; max-height: 92dvh; margin: auto 0 0; border-width: 1px 0 0; border-end-start-radius: 0; border-end-end-radius: 0; }
  .inside { padding: 1.125em 1.125em max(1.5em, env(safe-area-inset-bottom)); }
}
@media (prefers-reduced-motion: no-preference) {
  dialog[open] { animation: rise 180ms cubic-bezier(0.2, 0.8, 0.3, 1); }
  @keyframes rise { from { transform: translateY(1.5em); opacity: 0; } }
}
@media (forced-colors: active) { .main { border-width: 4px; } }
@media print { :host { display: none; } }
`;

  /**
   * An element with attributes, listeners (`onclick`) and children. Text stays text.
   * @template {keyof HTMLElementTagNameMap} Tag
   * @param {Tag} tag
   * @param {Record<string, string | boolean | ((event: Event) => void) | null>} [has]
   * @param {...(Node | string | null)} inside
   */
  function make(tag, has = {}, ...inside) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(has)) {
      if (typeof value === "function") element.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...inside.filter((each) => each !== null));
    return element;
  }

  /** @param {string} path */
  function icon(path, name = "") {
    const [svg, line] = ["svg", "path"].map((tag) =>
      document.createElementNS("http://www.w3.org/2000/svg", tag),
    );
    if (!svg || !line) throw new Error("No SVG.");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("class", name);
    line.setAttribute("d", path);
    svg.append(line);
    return svg;
  }

  const bubble = "M12 3a9 9 0 0 0-7.8 13.5L3 21l4.6-1.2A9 9 0 1 0 12 3zM8.5 10.5h7M8.5 14h4.5";
  const cross = "M6 6l12 12M18 6L6 18";
  const tick = "M12 3a9 9 0 1 0 0 18 9 9 0 1 0 0-18zM8 12.5l2.7 2.7L16 9.5";

  /** Why the service did not do what was asked: its status, 0 when it could not be reached or read. */
  class Refused extends Error {
    /** @param {number} status @param {readonly { pointer: string }[]} errors @param {string} message */
    constructor(status, errors, message) {
      super(message);
      this.status = status;
      this.errors = errors;
    }
  }

  /**
   * Asks the service. Sends no cookie and takes none.
   * @param {string} key @param {string} action @param {object} body
   */
  async function ask(key, action, body) {
    const response = await fetch(`${service}/w/${encodeURIComponent(key)}/${action}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
      signal: AbortSignal.timeout(20_000),
    }).catch(() => {
      throw new Refused(
        0,
        [],
        `No answer. Does the collection point list ${location.origin} in its origins?`,
      );
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refused(response.status, answer.errors ?? [], answer.detail ?? "");
    return answer;
  }

  /** The page without its query, which is nobody's business. @param {string} key @returns {Promise<Shown>} */
  const look = (key) => ask(key, "captures", { pageUrl: location.origin + location.pathname });

  /** @param {unknown} error */
  const complain = (error) => console.warn("Sayso:", error instanceof Error ? error.message : error);

  /** Only what leads somewhere on the web. @param {string | null} url */
  const safe = (url) => (url !== null && /^https?:\/\//i.test(url) ? url : null);

  /** @param {string} text @param {string} name */
  function named(text, name) {
    const [before = "", after = ""] = text.split("{name}");
    return [before, make("bdi", {}, name), after];
  }

  /** @param {string | null | undefined} asked @returns {"en" | "ru"} */
  const languageOf = (asked) =>
    /^ru\b/i.test(asked || document.documentElement.lang || navigator.language) ? "ru" : "en";

  class SaysoWidget extends HTMLElement {
    /** The dialog's content, looked up once it is wanted. @type {Promise<Shown> | undefined} */
    #shown;
    #shownAt = 0;
    #dialog = make("dialog", {
      "aria-labelledby": "title",
      onclick: (event) => {
        if (event.target === this.#dialog) this.#dialog.close();
      },
      // Who closes it after signing up starts anew the next time.
      onclose: () => {
        if (this.#isDone) this.#shown = undefined;
      },
    });
    #isDone = false;
    /** @type {"en" | "ru"} */
    #language = "en";

    get #t() {
      return words[this.#language];
    }

    connectedCallback() {
      if (this.shadowRoot) return;
      const { language, label, color, mode } = this.dataset;
      this.#language = languageOf(language);
      this.setAttribute("role", "region");
      this.setAttribute("aria-label", "WhatsApp");
      const root = this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [sheet];
      const rgb = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(color ?? "");
      if (rgb) {
        this.style.setProperty("--sayso-brand", rgb[0]);
        this.style.setProperty(
          "--sayso-on-brand",
          textOn(rgb.slice(1).map((part) => Number.parseInt(part, 16))),
        );
      }
      if (mode === "chat") {
        this.hidden = true;
        this.#showChat(root, label).catch(complain);
        return;
      }
      root.append(
        make(
          "button",
          {
            class: "opener main",
            type: "button",
            lang: this.#language,
            "aria-haspopup": "dialog",
            onclick: () => this.#open(),
            onpointerenter: () => void this.#look().catch(() => {}),
          },
          icon(bubble),
          label ?? this.#t.open,
        ),
        this.#dialog,
      );
    }

    /** Only a link: whoever writes first asks for an answer by that. @param {ShadowRoot} root @param {string} [label] */
    async #showChat(root, label) {
      const { chatUrl } = await this.#look();
      const href = safe(chatUrl);
      if (href === null) throw new Error("This collection point has no chat.");
      root.append(
        make(
          "a",
          {
            class: "opener button main",
            href,
            target: "_blank",
            rel: "noopener noreferrer",
            lang: this.#language,
          },
          icon(bubble),
          make(
            "span",
            {},
            label ?? this.#t.chatOpen,
            make("span", { class: "unseen" }, ` (${this.#t.newTab})`),
          ),
        ),
      );
      this.hidden = false;
    }

    #look() {
      // A token lives a day; what was looked at an hour ago is looked at again.
      if (this.#shown === undefined || Date.now() - this.#shownAt > 3_600_000) {
        this.#shownAt = Date.now();
        this.#shown = look(this.dataset.key ?? "");
        this.#shown.catch(() => {
          this.#shown = undefined;
        });
      }
      return this.#shown;
    }

    async #open() {
      if (this.#dialog.open) return;
      const isNew = this.#shown === undefined || this.#isDone || this.#dialog.childElementCount === 0;
      if (isNew) this.#fill(this.#t.loading);
      this.#dialog.showModal();
      this.#heading?.focus();
      if (isNew) await this.#show();
    }

    async #show() {
      this.#isDone = false;
      try {
        const shown = await this.#look();
        this.#language = languageOf(this.dataset.language ?? shown.language);
        this.#showForm(shown);
      } catch (error) {
        complain(error);
        this.#fill(
          this.#t.closed,
          make("p", {}, error instanceof Refused && error.status === 429 ? this.#t.busy : ""),
          make(
            "button",
            {
              class: "main wide",
              type: "button",
              onclick: () => {
                this.#fill(this.#t.loading);
                this.#heading?.focus();
                this.#show();
              },
            },
            this.#t.retry,
          ),
        );
      }
      this.#heading?.focus();
    }

    get #heading() {
      return this.#dialog.querySelector("h2");
    }

    /** Puts something else into the dialog. @param {string | readonly (string | Node)[]} title @param {...Node} inside */
    #fill(title, ...inside) {
      this.#dialog.lang = this.#language;
      this.#dialog.replaceChildren(
        make(
          "div",
          { class: "inside" },
          make(
            "div",
            { class: "top" },
            make("h2", { id: "title", tabindex: "-1" }, ...(typeof title === "string" ? [title] : title)),
            make(
              "button",
              {
                class: "close",
                type: "button",
                "aria-label": this.#t.close,
                onclick: () => this.#dialog.close(),
              },
              icon(cross),
            ),
          ),
          ...inside,
        ),
      );
    }

    /** @param {Shown} shown @param {{ phone: string, problem: string }} [earlier] */
    #showForm(shown, earlier) {
      const t = this.#t;
      const problem = make("div", { class: "problem", role: "alert", tabindex: "-1", hidden: true });
      const phone = make("input", {
        id: "phone",
        type: "tel",
        name: "phone",
        autocomplete: "tel",
        inputmode: "tel",
        maxlength: "40",
        "aria-describedby": "phone-hint",
      });
      phone.value = earlier?.phone ?? "";
      const boxes = shown.boxes.map(({ wording, required }, n) => {
        const box = make("input", { id: `box-${n}`, type: "checkbox" });
        const holder = make(
          "div",
          { class: "field" },
          make("label", { class: "box", lang: shown.language }, box, make("span", {}, wording)),
        );
        return { box, holder, required };
      });
      const phoneField = make(
        "div",
        { class: "field" },
        make("label", { for: "phone" }, t.phone),
        make("div", { class: "hint", id: "phone-hint" }, t.hint),
        phone,
      );
      const noticeUrl = safe(shown.privacyNoticeUrl);
      const send = make("button", { class: "main wide", type: "submit" }, t.send);
      const chatUrl = safe(shown.chatUrl);

      /** @param {readonly { field?: HTMLInputElement, message: string }[]} wrong */
      const say = (wrong) => {
        for (const { box: field, holder } of [{ box: phone, holder: phoneField }, ...boxes]) {
          const message = wrong.find((each) => each.field === field)?.message;
          holder.classList.toggle("wrong", message !== undefined);
          holder.querySelector(".message")?.remove();
          const id = `${field.id}-message`;
          if (message !== undefined) {
            const place = field === phone ? phone : holder.firstElementChild;
            place?.before(make("div", { class: "message", id }, message));
          }
          const hint = field === phone ? "phone-hint " : "";
          field.setAttribute("aria-describedby", hint + (message === undefined ? "" : id));
          field.setAttribute("aria-invalid", String(message !== undefined));
        }
        problem.replaceChildren(
          make("strong", {}, t.problem),
          ...wrong.map(({ field, message }) =>
            make(
              "p",
              {},
              field === undefined
                ? message
                : make(
                    "a",
                    {
                      class: "link",
                      href: `#${field.id}`,
                      onclick: (event) => {
                        event.preventDefault();
                        field.focus();
                      },
                    },
                    message,
                  ),
            ),
          ),
        );
        problem.hidden = false;
        problem.focus();
      };

      let isSending = false;
      const submit = async () => {
        const wrong = [
          ...(/\d.*\d.*\d.*\d.*\d/.test(phone.value) ? [] : [{ field: phone, message: t.phoneWrong }]),
          ...boxes.flatMap(({ box, required }) =>
            required && !box.checked ? [{ field: box, message: t.boxWrong }] : [],
          ),
        ];
        const [first] = boxes;
        if (first && !boxes.some(({ box, required }) => required || box.checked))
          wrong.push({ field: first.box, message: t.boxWrong });
        if (wrong.length > 0) return say(wrong);
        if (isSending) return;
        isSending = true;
        send.setAttribute("aria-disabled", "true");
        send.textContent = t.sending;
        try {
          const { reference, confirmation } = await ask(this.dataset.key ?? "", "consents", {
            subject: { phone: phone.value },
            provenance: {
              captureToken: shown.token,
              boxes: boxes.flatMap(({ box }, n) => (box.checked ? [n + 1] : [])),
            },
          });
          this.#showDone(shown, reference, confirmation);
        } catch (error) {
          const { status, errors } = error instanceof Refused ? error : new Refused(0, [], "");
          const isAbout = (/** @type {string} */ name) =>
            errors.some(({ pointer }) => pointer.endsWith(name));
          if (isAbout("/phone")) say([{ field: phone, message: t.phoneWrong }]);
          else if (isAbout("/captureToken")) await this.#showAnew(phone.value);
          else say([{ message: status === 429 ? t.busy : t.failed }]);
          if (status !== 429 && !isAbout("/phone")) complain(error);
        } finally {
          isSending = false;
          send.removeAttribute("aria-disabled");
          send.textContent = t.send;
        }
      };

      this.#fill(
        this.dataset.title ?? named(t.title, shown.organizationName),
        problem,
        make(
          "form",
          {
            novalidate: true,
            onsubmit: (event) => {
              event.preventDefault();
              submit();
            },
          },
          phoneField,
          ...boxes.map(({ holder }) => holder),
          noticeUrl === null
            ? null
            : make(
                "a",
                { class: "link", href: noticeUrl, target: "_blank", rel: "noopener noreferrer" },
                t.notice,
                make("span", { class: "unseen" }, ` (${t.newTab})`),
              ),
          make("p", {}, send),
        ),
        ...(chatUrl === null ? [] : [make("div", { class: "or" }, t.or), this.#chatLink(chatUrl, "other")]),
      );
      if (earlier) say([{ message: earlier.problem }]);
    }

    /** The token is of no use any more: what the screen shows now is read and ticked anew. @param {string} phone */
    async #showAnew(phone) {
      this.#shown = undefined;
      this.#showForm(await this.#look(), { phone, problem: this.#t.stale });
    }

    /** @param {string} href @param {"main" | "other"} kind */
    #chatLink(href, kind) {
      return make(
        "a",
        { class: `button wide ${kind}`, href, target: "_blank", rel: "noopener noreferrer" },
        icon(bubble),
        make("span", {}, this.#t.chat, make("span", { class: "unseen" }, ` (${this.#t.newTab})`)),
      );
    }

    /**
     * The same for every number.
     * @param {Shown} shown @param {string} reference
     * @param {{ needed: boolean, words: string, chatUrl: string | null }} confirmation
     */
    #showDone(shown, reference, { needed, words, chatUrl }) {
      this.#isDone = true;
      const t = this.#t;
      const href = safe(chatUrl);
      this.#fill(
        needed ? t.pending : t.done,
        make("p", {}, ...named(needed ? t.pendingMeans : t.doneMeans, shown.organizationName)),
        make("p", {}, t.confirm, make("strong", { class: "words" }, words)),
        ...(href === null ? [] : [make("p", {}, this.#chatLink(href, needed ? "main" : "other"))]),
        make("dl", {}, make("dt", {}, t.reference), make("dd", {}, reference)),
      );
      if (!needed) this.#heading?.parentElement?.before(icon(tick, "mark"));
      this.#heading?.focus();
    }
  }

  /** Black or white, whichever stands out by 4.5 to 1 or more (WCAG 2.2, relative luminance). @param {number[]} rgb */
  function textOn(rgb) {
    const [red = 0, green = 0, blue = 0] = rgb.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
  }

  /**
   * The unticked boxes and the hidden capture token, in the form around them: `sayso_consent` is sent for each box that is
   * ticked and names its purposes, `sayso_capture_token` always. The shop's own styles apply. A form works without it as it did before.
   */
  class SaysoCheckbox extends HTMLElement {
    #shownAt = 0;
    /** @param {PageTransitionEvent} event */
    #anew = (event) => {
      if (event.persisted) this.#show();
    };
    #later = () => {
      if (document.visibilityState === "visible" && Date.now() - this.#shownAt > 12 * 3_600_000) this.#show();
    };

    connectedCallback() {
      addEventListener("pageshow", this.#anew);
      document.addEventListener("visibilitychange", this.#later);
      if (this.childElementCount === 0) this.#show();
    }

    disconnectedCallback() {
      removeEventListener("pageshow", this.#anew);
      document.removeEventListener("visibilitychange", this.#later);
    }

    async #show() {
      try {
        const shown = await look(this.dataset.key ?? "");
        this.#shownAt = Date.now();
        const t = words[languageOf(this.dataset.language ?? shown.language)];
        const noticeUrl = safe(shown.privacyNoticeUrl);
        this.replaceChildren(
          ...shown.boxes.map(({ wording, purposes, required }) =>
            make(
              "label",
              { lang: shown.language },
              make("input", {
                type: "checkbox",
                name: "sayso_consent",
                value: purposes.join(" "),
                required: required && shown.boxes.length > 1,
              }),
              " ",
              make("span", {}, wording),
            ),
          ),
          ...(noticeUrl === null
            ? []
            : [" ", make("a", { href: noticeUrl, target: "_blank", rel: "noopener noreferrer" }, t.notice)]),
          make("input", { type: "hidden", name: "sayso_capture_token", value: shown.token }),
        );
      } catch (error) {
        complain(error);
      }
    }
  }

  customElements.define("sayso-widget", SaysoWidget);
  customElements.define("sayso-checkbox", SaysoCheckbox);

  if (script.dataset.key !== undefined) {
    const widget = document.createElement("sayso-widget");
    Object.assign(widget.dataset, script.dataset);
    const place = () => document.body.append(widget);
    if (document.body) place();
    else addEventListener("DOMContentLoaded", place);
  }
})();
