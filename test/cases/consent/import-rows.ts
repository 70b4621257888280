import type { RowFields } from "../../../src/features/consent/domain/import-mapping.ts";
import type { ImportRow, RowSetting } from "../../../src/features/consent/domain/import-row.ts";

const now = new Date("2026-11-27T12:00:00.000Z");
const pointId = "01a00000-0000-7000-8000-000000000001";
/** `pointId` as callers write it. */
const point = "cpt_01m0000000e008000000000001";

const version = {
  collectionPointId: pointId,
  version: 1,
  purposes: ["promotions", "club"],
  channels: ["whatsapp"],
  createdAt: new Date("2025-01-01T10:00:00.000Z"),
};

/** What rows are held against where a case says nothing else. */
export const setting: RowSetting = {
  mapping: { constants: {}, values: {}, country: undefined, timeZone: undefined },
  now,
  purposes: new Map([
    ["promotions", { doubleOptIn: false, validityDays: null }],
    ["club", { doubleOptIn: true, validityDays: 365 }],
    ["order_updates", { doubleOptIn: false, validityDays: null }],
  ]),
  versions: new Map([[pointId, [version]]]),
  legacy: undefined,
};

/** A setting in which the list was collected before Sayso. */
const legacy: RowSetting = {
  ...setting,
  legacy: {
    collectionPointId: "01a00000-0000-7000-8000-000000000002",
    version: 1,
    purposes: ["promotions"],
    channels: ["whatsapp"],
    language: "ru",
    collectedFrom: new Date("2020-03-01T00:00:00.000Z"),
    collectedUntil: new Date("2023-06-30T23:59:59.000Z"),
  },
};

export interface RowCase {
  readonly guarantee: string;
  readonly row: RowFields;
  readonly setting?: RowSetting;
  /** What it is read as, or the places that are wrong. */
  readonly wanted: Partial<ImportRow> | readonly string[];
}

const person = { phone: "+79161234567" };
const yes = { ...person, purpose: "promotions", occurredAt: "2026-05-03T10:00:00Z" };
const shown = { collectionPointId: point, version: "1", indication: "ticked" };
const at = (text: string) => new Date(text);
const mapped = (mapping: object): RowSetting => ({
  ...setting,
  mapping: { ...setting.mapping, ...mapping } as RowSetting["mapping"],
});

/** What a row of an import is read as. */
export const rowCases: readonly RowCase[] = [
  {
    guarantee:
      "a yes with wording, indication and a trace of the person is as proven as one that a caller reports",
    row: { ...yes, ...shown, evidence: "order 4711" },
    wanted: { proof: "reported", yesState: "given", occurredAt: at("2026-05-03T10:00:00Z") },
  },
  {
    guarantee: "a yes that names no wording is unproven, whatever else it says",
    row: { ...yes, indication: "ticked", pageUrl: "https://shop.example/", evidence: "they said so" },
    wanted: { proof: "unproven", shown: null },
  },
  {
    guarantee: "a yes that does not say how it was indicated is unproven",
    row: { ...yes, collectionPointId: point, version: "1", evidence: "order 4711" },
    wanted: { proof: "unproven" },
  },
  {
    guarantee: "a yes without any trace of the person is unproven",
    row: { ...yes, ...shown },
    wanted: { proof: "unproven" },
  },
  {
    guarantee: "what the mapping says of every row traces nobody: the yes is unproven",
    row: yes,
    setting: mapped({ constants: { ...shown, pageUrl: "https://shop.example/", operator: "Ann" } }),
    wanted: { proof: "unproven" },
  },
  {
    guarantee: "an import never shows the person's own doing, though it quotes a message or a capture token",
    row: { ...yes, ...shown, evidence: { messageId: "wamid.1", captureToken: "ct" } },
    wanted: { proof: "reported" },
  },
  {
    guarantee: "a yes of an unknown time is none",
    row: { ...person, purpose: "promotions" },
    wanted: ["/occurredAt"],
  },
  {
    guarantee: "a yes in the future is none",
    row: { ...yes, occurredAt: "2026-11-27T12:06:00Z" },
    wanted: ["/occurredAt"],
  },
  {
    guarantee: "a yes is never dated before the evidence for it",
    row: { ...yes, occurredAt: "2025-05-03T10:00:00Z", evidenceAt: "2025-05-03T10:00:01Z" },
    wanted: ["/occurredAt"],
  },
  {
    guarantee: "a yes may be dated in the second of its evidence",
    row: { ...yes, occurredAt: "2025-05-03T10:00:01Z", evidenceAt: "2025-05-03T10:00:01.900Z" },
    wanted: { occurredAt: at("2025-05-03T10:00:01Z") },
  },
  {
    guarantee: "a yes is never dated before its wording existed",
    row: { ...yes, ...shown, evidence: "x", occurredAt: "2025-01-01T09:59:59Z" },
    wanted: ["/occurredAt"],
  },
  {
    guarantee: "a wording that does not ask for the purpose proves no yes to it",
    row: { ...yes, ...shown, purpose: "order_updates", evidence: "x" },
    wanted: ["/purpose"],
  },
  {
    guarantee: "a wording that does not ask for the channel proves no yes on it",
    row: { ...yes, ...shown, channel: "sms", evidence: "x" },
    wanted: ["/channel"],
  },
  {
    guarantee: "a yes to a purpose with double opt-in awaits its confirmation",
    row: { ...yes, ...shown, purpose: "club", evidence: "x" },
    wanted: { yesState: "requested", validityDays: 365 },
  },
  {
    guarantee: "what was only requested elsewhere is only requested here",
    row: { ...yes, ...shown, state: "dpv:ConsentRequested", evidence: "x" },
    wanted: { reportedState: "given", yesState: "requested" },
  },
  {
    guarantee: "a no is taken without a time and without proof",
    row: { ...person, purpose: "promotions", state: "withdrawn" },
    wanted: { reportedState: "withdrawn", occurredAt: null },
  },
  {
    guarantee: "a no that is dated in the future counts from now",
    row: { ...yes, state: "refused", occurredAt: "2027-01-01T00:00:00Z" },
    wanted: { reportedState: "refused", occurredAt: null },
  },
  {
    guarantee: "a no is taken however old its wording is, and whatever that asks for",
    row: {
      ...yes,
      ...shown,
      purpose: "order_updates",
      state: "withdrawn",
      occurredAt: "2019-01-01T00:00:00Z",
    },
    wanted: { reportedState: "withdrawn", occurredAt: at("2019-01-01T00:00:00Z") },
  },
  {
    guarantee: "of a day without an hour a yes counts from its first instant",
    row: { ...yes, occurredAt: "2024-05-03" },
    setting: mapped({ timeZone: "Europe/Moscow" }),
    wanted: { occurredAt: at("2024-05-02T21:00:00.000Z") },
  },
  {
    guarantee: "of a day without an hour a no counts from its last instant",
    row: { ...yes, state: "withdrawn", occurredAt: "2024-05-03" },
    setting: mapped({ timeZone: "Europe/Moscow" }),
    wanted: { occurredAt: at("2024-05-03T20:59:59.999Z") },
  },
  {
    guarantee: "of an hour that comes twice a yes counts from the first",
    row: { ...yes, occurredAt: "2025-10-26 02:30:00" },
    setting: mapped({ timeZone: "Europe/Berlin" }),
    wanted: { occurredAt: at("2025-10-26T00:30:00.000Z") },
  },
  {
    guarantee: "of an hour that comes twice a no counts from the second",
    row: { ...yes, state: "withdrawn", occurredAt: "2025-10-26 02:30:00" },
    setting: mapped({ timeZone: "Europe/Berlin" }),
    wanted: { occurredAt: at("2025-10-26T01:30:00.000Z") },
  },
  {
    guarantee: "a time without an offset tells none",
    row: { ...yes, occurredAt: "2024-05-03" },
    wanted: ["/occurredAt"],
  },
  {
    guarantee: "a day that the calendar does not have is refused",
    row: { ...yes, occurredAt: "2025-02-30T10:00:00Z" },
    wanted: ["/occurredAt"],
  },
  {
    guarantee: "consents of a list collected before Sayso are legacy",
    row: { ...yes, occurredAt: "2021-05-03T10:00:00Z", evidence: "order 4711", indication: "ticked" },
    setting: legacy,
    wanted: {
      proof: "legacy",
      language: "ru",
      shown: { collectionPointId: "01a00000-0000-7000-8000-000000000002", version: 1 },
    },
  },
  {
    guarantee:
      "a legacy yes of an unknown time counts from the end of the list's collection, not from before",
    row: { ...person, purpose: "promotions" },
    setting: legacy,
    wanted: { proof: "legacy", occurredAt: at("2023-06-30T23:59:59.000Z") },
  },
  {
    guarantee: "a legacy yes is never dated before the list was collected",
    row: { ...yes, occurredAt: "2020-02-29T23:59:58Z" },
    setting: legacy,
    wanted: ["/occurredAt"],
  },
  {
    guarantee: "a yes from after the list was collected is not under its evidence",
    row: { ...yes, occurredAt: "2023-07-01T00:00:00Z" },
    setting: legacy,
    wanted: ["/occurredAt"],
  },
  {
    guarantee: "a list's evidence covers the purposes and channels that its wording asks for, and no others",
    row: { ...yes, purpose: "order_updates", channel: "sms", occurredAt: "2021-05-03T10:00:00Z" },
    setting: legacy,
    wanted: ["/purpose", "/channel"],
  },
  {
    guarantee: "a no in a list is taken from any time",
    row: { ...yes, state: "withdrawn", occurredAt: "2024-05-03T10:00:00Z" },
    setting: legacy,
    wanted: { reportedState: "withdrawn", occurredAt: at("2024-05-03T10:00:00Z") },
  },
  {
    guarantee: "a number as it is dialled at home is read with the mapping's country",
    row: { ...yes, phone: "8 (916) 123-45-67" },
    setting: mapped({ country: "RU" }),
    wanted: { reportedState: "given" },
  },
  {
    guarantee: "a number without its country is refused",
    row: { ...yes, phone: "8 (916) 123-45-67" },
    wanted: ["/phone"],
  },
  { guarantee: "a row that names nobody is refused", row: { ...yes, phone: "" }, wanted: ["/phone"] },
  {
    guarantee: "the file's own words are read as the mapping says",
    row: { ...yes, state: "отписан" },
    setting: mapped({ values: { state: { отписан: "withdrawn" } } }),
    wanted: { reportedState: "withdrawn" },
  },
  {
    guarantee: "everything that is wrong with a row is said at once",
    row: {
      phone: "1",
      purpose: "nothing",
      state: "maybe",
      indication: "nodded",
      occurredAt: "yesterday",
      ipAddress: "here",
    },
    wanted: ["/phone", "/purpose", "/state", "/indication", "/ipAddress", "/occurredAt"],
  },
  {
    guarantee: "text that was not UTF-8 is refused instead of kept spoilt",
    row: { ...yes, evidence: "\ufffd\ufffd\ufffd" },
    wanted: ["/evidence"],
  },
  {
    guarantee: "an empty cell in a column of states is no yes, under whatever evidence",
    row: { ...yes, occurredAt: "2021-05-03T10:00:00Z", state: "" },
    setting: legacy,
    wanted: ["/state"],
  },
  { guarantee: "a state of null is no yes", row: { ...yes, state: null }, wanted: ["/state"] },
  {
    guarantee: "a state that the mapping reads from a member that is not there is no yes",
    row: yes,
    setting: mapped({ columns: { phone: "phone", state: "subscribed" } }),
    wanted: ["/state"],
  },
  {
    guarantee: "an empty cell in a column of states is what the mapping says that it is",
    row: { ...yes, state: "" },
    setting: mapped({ values: { state: { "": "withdrawn" } } }),
    wanted: { reportedState: "withdrawn" },
  },
  {
    guarantee: "an empty cell in a column of states is what the mapping says of every row",
    row: { ...yes, state: "" },
    setting: mapped({ constants: { state: "given" } }),
    wanted: { reportedState: "given" },
  },
  {
    guarantee: "a row without a state is a yes where nothing has one",
    row: yes,
    wanted: { reportedState: "given" },
  },
  ...(
    [
      " ",
      "-",
      "NULL",
      "n/a",
      "#N/A",
      "\\N",
      "null",
      "нет",
      {},
      [null, { at: "-" }],
      '{"order": null}',
      false,
    ] as const
  ).map(
    (evidence): RowCase => ({
      guarantee: `evidence that says nothing traces nobody: ${JSON.stringify(evidence)}`,
      row: { ...yes, ...shown, evidence },
      wanted: { proof: "unproven", sealed: null },
    }),
  ),
  ...["pageUrl", "userAgent", "operator", "ipAddress"].map(
    (field): RowCase => ({
      guarantee: `a filler traces nobody: ${field}`,
      row: { ...yes, ...shown, [field]: " - " },
      wanted: { proof: "unproven", sealed: null },
    }),
  ),
  {
    guarantee: "a page that is no address is kept and traces nobody",
    row: { ...yes, ...shown, pageUrl: "our shop" },
    wanted: { proof: "unproven", sealed: { pageUrl: "our shop" } },
  },
  {
    guarantee: "the address of a page is a trace",
    row: { ...yes, ...shown, pageUrl: "https://shop.example/checkout" },
    wanted: { proof: "reported" },
  },
  {
    guarantee: "evidence of one number is evidence",
    row: { ...yes, ...shown, evidence: { order: 7, note: null } },
    wanted: { proof: "reported", sealed: { evidence: { order: 7, note: null } } },
  },
  {
    guarantee: "a cell called like something that every object has is read as it stands",
    row: { ...yes, externalId: "constructor" },
    setting: mapped({ values: { externalId: { a: "b" } } }),
    wanted: { reportedState: "given" },
  },
  ...["revoked", "invalidated", "dpv:ConsentRevoked", "https://w3id.org/dpv#ConsentInvalidated"].map(
    (state): RowCase => ({
      guarantee: `what ended elsewhere is a no here: ${state}`,
      row: { ...person, purpose: "promotions", state },
      wanted: { reportedState: "withdrawn" },
    }),
  ),
  ...([[{ kind: "phone", value: "+79161234568" }], '[{"kind":"phone","value":"+79161234568"}]'] as const).map(
    (otherIdentifiers): RowCase => ({
      guarantee: `a no is of every number that the row names, as ${typeof otherIdentifiers} too`,
      row: { ...person, purpose: "promotions", state: "withdrawn", otherIdentifiers },
      wanted: { identifiers: [{ value: "+79161234567" }, { value: "+79161234568" }] as never },
    }),
  ),
  {
    guarantee: "other identifiers of a no that cannot be read are refused",
    row: {
      ...person,
      purpose: "promotions",
      state: "withdrawn",
      otherIdentifiers: [{ kind: "x", value: "1" }],
    },
    wanted: ["/otherIdentifiers"],
  },
];
