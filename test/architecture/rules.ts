import path from "node:path";

/** The source files of the project by their path from its root, such as `src/kernel/ids.ts`. */
export type Sources = ReadonlyMap<string, string>;

interface Import {
  readonly from: string;
  /** A path of ours, or a package's name. */
  readonly to: string;
  readonly isTypeOnly: boolean;
}

/** Features from the ground up. A feature imports from lower floors only. */
const floors: readonly (readonly string[])[] = [
  ["audit", "organization"],
  ["outgoing", "notifier"],
  ["subject"],
  ["retention"],
  ["collection"],
  ["consent", "optout", "blocklist"],
  ["preference"],
  ["whatsapp"],
  ["gate"],
  ["state"],
  ["gateway"],
  ["accountdata"],
  ["archive"],
  ["datarequest"],
  ["privacy"],
  ["console"],
];

/** Stores that read other features' tables in statements of their own. */
const tableReaders = ["src/features/archive/store.ts"];

/** What the kernel and the domains may use of the world: pure functions only. */
const purePackages = [
  "libphonenumber-js/min",
  "csv-parse",
  "jsonc-parser",
  "node:crypto",
  "temporal-polyfill",
  "typeid-js",
  "zod",
];

const impure =
  /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.|\bprocess\.|\bfetch\(|\bsetTimeout\b|\brandomUUID\b/;

/** Every breach of the table in ARCHITECTURE.md, as a sentence each. */
export function breachesOf(sources: Sources): string[] {
  const imports = [...sources].flatMap(([from, text]) => importsOf(from, text));
  return [
    ...imports.flatMap((one) => unresolved(one, sources)),
    ...imports.flatMap(forbidden),
    ...reachedFromPure(imports, sources),
    ...cycles(imports),
    ...[...sources].flatMap(([file, text]) => forbiddenText(file, withoutComments(text))),
  ];
}

function importsOf(from: string, text: string): Import[] {
  const code = withoutComments(text);
  const clauses = code.matchAll(/\b(?:import|export)\s+(type\s+)?([^"'`;]*?)\bfrom\s*["']([^"']+)["']/g);
  const bare = code.matchAll(/\bimport\s*\(?\s*["']([^"']+)["']/g);
  return [
    ...[...clauses].map(([, type, names = "", to = ""]) => ({
      to,
      isTypeOnly: type !== undefined || onlyTypes(names),
    })),
    ...[...bare].map(([, to = ""]) => ({ to, isTypeOnly: false })),
  ].map(({ to, isTypeOnly }) => ({
    from,
    isTypeOnly,
    to: to.startsWith(".") ? path.posix.join(path.posix.dirname(from), to) : to,
  }));
}

function onlyTypes(names: string): boolean {
  const inBraces = /^\{([^}]*)\}\s*$/
    .exec(names)?.[1]
    ?.split(",")
    .map((name) => name.trim())
    .filter(Boolean);
  return inBraces !== undefined && inBraces.length > 0 && inBraces.every((name) => name.startsWith("type "));
}

/** Comments and what stands in them left out; in "https://…" and "/v1/*" no comment begins. */
function withoutComments(text: string): string {
  return text.replaceAll(/(^|[\s{(,])\/\*[\s\S]*?\*\//g, "$1").replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

const feature = (file: string) => /^src\/features\/([^/]+)\//.exec(file)?.[1];
const isDomain = (file: string) => /^src\/features\/[^/]+\/domain\//.test(file);
const isKernel = (file: string) => file.startsWith("src/kernel/");
const isTables = (file: string) => file.endsWith("/tables.ts");
const isStore = (file: string) => /[/-]store\.ts$/.test(file);
const isRoutes = (file: string) => /(^|[/-])routes\.ts$/.test(file);
const isPage = (file: string) => /(^|[/-])page\.ts$/.test(file);
const isDoor = (file: string) => file.endsWith("/index.ts");
const isOurs = (to: string) => to.startsWith("src/");

function unresolved({ from, to }: Import, sources: Sources): string[] {
  const isCode = /\.tsx?$/.test(to);
  return isOurs(to) && isCode && !sources.has(to) ? [`${from} imports ${to}, which is not there`] : [];
}

function forbidden(one: Import): string[] {
  const { from, to } = one;
  const why = reason(one);
  return why === undefined ? [] : [`${from} imports ${to}: ${why}`];
}

function reason(one: Import): string | undefined {
  const { from, to } = one;
  const [own, other] = [feature(from), feature(to)];
  if (isKernel(from) || isDomain(from)) {
    if (!isOurs(to)) return purePackages.includes(to) ? undefined : "the kernel and domains are pure";
    const isAtHome = isKernel(to) || (isDomain(from) && isDomain(to) && own === other);
    return isAtHome || to.endsWith(".json")
      ? undefined
      : "the kernel and domains know nothing but the kernel and themselves";
  }
  if (from === "src/client.ts")
    return one.isTypeOnly ? undefined : "the client runs in other programs and brings nothing along";
  if (!isOurs(to)) return undefined;
  if (own === undefined) {
    if (other === undefined) return layerReason(from, to);
    return isDoor(to) || (isRoutes(to) && from === "src/app.ts")
      ? undefined
      : "a feature is entered by its index.ts, and by its routes from app.ts";
  }
  if (other !== undefined && other !== own) {
    if (isTables(to)) {
      if (isTables(from)) return floorReason(own, other);
      return tableReaders.includes(from)
        ? undefined
        : "tables of another feature are read by few, and written by nobody";
    }
    if (!isDoor(to)) return "another feature is entered by its index.ts";
    if (isRoutes(from)) return "routes call their own feature's use cases";
    return floorReason(own, other);
  }
  return ownReason(one, other === own);
}

/** What a file of a feature may use of its own feature, and of the rooms that are no features. */
function ownReason({ from, to, isTypeOnly }: Import, isOwn: boolean): string | undefined {
  if (isOwn) {
    if (isStore(from) && !isTables(to) && !isDomain(to) && !isStore(to) && !isTypeOnly)
      return "a store knows its tables, its domain and the feature's other stores";
    if (isRoutes(from) && (isTables(to) || isStore(to))) return "routes call use cases";
    if (isRoutes(to)) return "nothing of a feature knows its routes";
    if (isTables(from)) return "tables know other tables only";
    if (isDoor(to)) return "a feature does not enter itself by its door";
    return undefined;
  }
  if (isTables(from))
    return to === "src/db/columns.ts" ? undefined : "tables know columns and other tables only";
  if (isKernel(to) || to === "src/context.ts") return undefined;
  if (to === "src/templates.ts" || to === "src/version.ts")
    return isStore(from) ? "a store knows nothing of templates" : undefined;
  if (to.startsWith("src/db/")) return isRoutes(from) || isPage(from) ? "routes call use cases" : undefined;
  if (to.startsWith("src/http/"))
    return isRoutes(from) || isPage(from) ? undefined : "use cases know nothing of HTTP";
  return "features are handed what they need";
}

/** Rooms that are no features: db, http and jobs below those who put everything together. */
function layerReason(from: string, to: string): string | undefined {
  const mayKnow: readonly (readonly [room: RegExp, known: RegExp])[] = [
    [/^src\/context\.ts$/, /^src\/(kernel|db)\/|^src\/metrics\.ts$/],
    [/^src\/(config|metrics|version)\.ts$/, /^src\/kernel\//],
    [/^src\/templates\.ts$/, /^src\/kernel\//],
    [/^src\/db\//, /^src\/(kernel|db)\/|^src\/context\.ts$/],
    [/^src\/http\//, /^src\/(kernel|http)\/|^src\/(context|templates|metrics)\.ts$/],
    [/^src\/jobs\//, /^src\/(kernel|db|jobs)\/|^src\/(compose|context|config)\.ts$/],
  ];
  const line = mayKnow.find(([room]) => room.test(from));
  return line === undefined || line[1].test(to)
    ? undefined
    : `that is above ${from.split("/").slice(0, 2).join("/")}`;
}

function floorReason(own: string, other: string): string | undefined {
  const floorOf = (name: string) => floors.findIndex((floor) => floor.includes(name));
  if (floorOf(own) < 0 || floorOf(other) < 0)
    return "every feature has its floor in test/architecture/rules.ts";
  return floorOf(other) < floorOf(own) ? undefined : `${other} does not lie below ${own}`;
}

/** Whatever the kernel or a domain reaches, over however many files, is the kernel's or that domain's. */
function reachedFromPure(imports: readonly Import[], sources: Sources): string[] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  return [...sources.keys()]
    .filter((file) => isKernel(file) || isDomain(file))
    .flatMap((start) => {
      const reached = new Set<string>();
      const queue = [start];
      for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
        if (reached.has(file)) continue;
        reached.add(file);
        queue.push(...(targets.get(file) ?? []));
      }
      return [...reached]
        .filter((file) => isOurs(file) && !isKernel(file) && !file.endsWith(".json"))
        .filter((file) => !(isDomain(start) && isDomain(file) && feature(start) === feature(file)))
        .map((file) => `${start} reaches ${file}`);
    });
}

/** Files that import each other in a ring, by imports that are still there when the program runs. */
function cycles(imports: readonly Import[]): string[] {
  const targets = new Map<string, string[]>();
  for (const { from, to, isTypeOnly } of imports) {
    if (isOurs(to) && !isTypeOnly) targets.set(from, [...(targets.get(from) ?? []), to]);
  }
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) {
      found.push(`these import each other: ${[...trail.slice(trail.indexOf(file)), file].join(" → ")}`);
      return;
    }
    if (done.has(file)) return;
    for (const to of targets.get(file) ?? []) visit(to, [...trail, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return found;
}

function forbiddenText(file: string, code: string): string[] {
  const breaches: string[] = [];
  const say = (what: string) => void breaches.push(`${file} ${what}`);
  if (/\.(begin|transaction)\s*(<[^>]*>)?\(/.test(code) && file !== "src/db/migrate.ts") {
    say("uses a transaction: every write is one statement");
  }
  if (/\bprocess\.env\b/.test(code) && file !== "src/config.ts")
    say("reads the environment, which config.ts does once");
  if ((isKernel(file) || isDomain(file)) && impure.test(code))
    say("looks at the clock, the chance or the world");
  const hasSql = /\bsql(<[^`]*>)?`/.test(code);
  const maySql =
    isStore(file) || isTables(file) || file.startsWith("src/db/") || file === "src/http/operation.ts";
  if (hasSql && !maySql) say("has SQL outside a store");
  return breaches;
}
