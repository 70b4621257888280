import type { Facts } from "../../../src/features/gate/domain/facts.ts";
import type { Reason } from "../../../src/features/gate/domain/verdict.ts";
import {
  denied,
  type GateCase,
  orderUpdate,
  promotion,
  type Scenario,
  signInCode,
  supportReply,
  type Wanted,
  why,
} from "./scenarios.ts";

const monitor = { id: "mon_1", until: "2026-10-02T00:00:00.000Z" };
const watched = (...reason: Parameters<typeof why>): Reason => ({ ...why(...reason), enforced: false });

const watching = (
  guarantee: string,
  facts: Partial<Facts>,
  wanted: Wanted,
  { question, facts: usual }: Scenario = promotion,
): GateCase => ({ guarantee, question, facts: { ...usual, monitor, ...facts }, wanted });

const letOut = (scenario: Scenario, ...reasons: Reason[]): Wanted => ({ ...scenario.allowed, reasons });
const missing = watched("consent", "consent_missing");
const no = (kind: Facts["nos"][number]["kind"], eventId = "cns_no") => ({
  kind,
  purpose: "promotions",
  at: "2026-10-01T11:00:00.000Z",
  eventId,
});
const stopped = { platformStops: [{ wabaId: "waba_1", at: "2026-09-01T00:00:00.000Z" }] };

/** Monitor mode: which rules deny in it, which are watched, and when it is over. */
export const monitorCases: readonly GateCase[] = [
  watching(
    "monitor mode lets out what has no consent, and says what was only watched",
    { consents: [] },
    letOut(promotion, missing),
  ),
  watching("monitor mode changes nothing about what every rule allows", {}, promotion.allowed),
  watching(
    "monitor mode watches consent, template and holds together, worst first",
    {
      consents: [],
      template: { id: "tpl_sale", category: "marketing", status: "paused" },
      holds: [{ code: 131049, at: "2026-10-01T08:00:00.000Z" }],
    },
    letOut(
      promotion,
      missing,
      watched("template", "template_paused", ["tpl_sale"]),
      watched("platform_hold", "platform_hold", [], "2026-10-02T08:00:00.000Z"),
    ),
  ),
  watching(
    "monitor mode lets no marketing out under a purpose that is none, whose noes are other ones",
    { purpose: { key: "promotions", category: "utility", lawfulBasis: "consent" }, consents: [] },
    denied(promotion, [why("purpose", "purpose_category_mismatch", ["tpl_sale"]), missing]),
  ),
  watching(
    "monitor mode watches a template of another category that is no marketing",
    {
      purpose: { key: "order_updates", category: "service", lawfulBasis: "contract" },
    },
    letOut(orderUpdate, watched("purpose", "purpose_category_mismatch", ["tpl_order"])),
    orderUpdate,
  ),
  watching(
    "monitor mode watches a closed window, and the sender must still use a template",
    { window: null, consents: promotion.facts.consents },
    {
      ...supportReply.allowed,
      reasons: [watched("window", "window_closed")],
      notApplicable: ["platform_stop", "template", "platform_hold"],
      window: promotion.allowed.window,
      obligations: ["identify_business", "use_template"],
    },
    supportReply,
  ),
  {
    ...watching(
      "monitor mode watches frequency caps, quiet hours and closed countries",
      {
        sends: [
          {
            at: "2026-10-01T11:00:00.000Z",
            category: "marketing",
            purpose: "promotions",
            decisionId: "dec_1",
          },
        ],
      },
      letOut(
        promotion,
        watched("quiet_hours", "quiet_hours", [], "2026-10-01T13:00:00.000Z"),
        watched("frequency_cap", "frequency_cap_reached", ["dec_1"], "2026-10-02T11:00:00.000Z"),
        watched("destination", "destination_restricted"),
      ),
    ),
    policy: {
      caps: [{ most: 1, hours: 24 }],
      allowedHours: [{ categories: ["marketing"], from: "13:00", to: "20:00" }],
      timeZones: { US: "UTC" },
      closedDestinations: [{ country: "US", categories: ["marketing"], reason: "Law." }],
    },
  },
  watching(
    "a recipient that cannot be read is denied in monitor mode",
    { recipient: { ...promotion.facts.recipient, unreadable: ["phone"] } },
    denied(promotion, [why("recipient", "recipient_invalid")]),
  ),
  watching(
    "an unknown sender is denied in monitor mode",
    { sender: null },
    denied(promotion, [why("sender", "sender_unknown")]),
  ),
  watching(
    "a pulled switch denies in monitor mode",
    { switches: [{ id: "swi_1", scope: "organization", at: "2026-10-01T11:00:00.000Z" }] },
    denied(promotion, [why("switch", "sending_paused", ["swi_1"])]),
  ),
  watching(
    "a block denies in monitor mode",
    { blocks: [{ id: "blk_1", reason: "manual", expiresAt: null }] },
    denied(promotion, [why("block", "recipient_blocked", ["blk_1"])]),
  ),
  watching(
    "an opt-out denies in monitor mode, and what is watched beside it is told",
    { nos: [no("opted_out", "opt_1")] },
    denied(promotion, [
      why("opt_out", "recipient_opted_out", ["opt_1"]),
      watched("consent", "consent_withdrawn", ["opt_1"]),
    ]),
  ),
  watching(
    "a platform stop denies in monitor mode",
    stopped,
    denied(promotion, [why("platform_stop", "platform_marketing_stopped", ["waba_1"])]),
  ),
  ...(["withdrawn", "refused", "revoked"] as const).map((kind) =>
    watching(
      `a consent that was ${kind} is a no and denies in monitor mode`,
      { nos: [no(kind)] },
      denied(promotion, [why("consent", `consent_${kind}`, ["cns_no"])]),
    ),
  ),
  watching(
    "an objection denies in monitor mode",
    { nos: [{ ...no("withdrawn"), purpose: "order_updates" }] },
    denied(orderUpdate, [why("consent", "basis_objected", ["cns_no"])]),
    orderUpdate,
  ),
  watching(
    "an invalidated consent is no word of the person's, and is watched",
    { nos: [no("invalidated")] },
    letOut(promotion, watched("consent", "consent_invalidated", ["cns_no"])),
  ),
  watching(
    "an invalidation does not hide an older withdrawal from monitor mode",
    { nos: [{ ...no("withdrawn", "cns_old"), at: "2026-09-20T11:00:00.000Z" }, no("invalidated")] },
    denied(promotion, [why("consent", "consent_invalidated", ["cns_no", "cns_old"])]),
  ),
  watching(
    "monitor mode is over at its end",
    { consents: [], monitor: { ...monitor, until: promotion.facts.now } },
    denied(promotion, [why("consent", "consent_missing")]),
  ),
  watching(
    "monitor mode lasts until its last millisecond",
    { consents: [], monitor: { ...monitor, until: "2026-10-01T12:00:00.001Z" } },
    letOut(promotion, missing),
  ),
  watching(
    "monitor mode whose end cannot be read is over",
    { consents: [], monitor: { ...monitor, until: "in sixty days" } },
    denied(promotion, [why("consent", "consent_missing")]),
  ),
  watching(
    "an unknown purpose is in no monitor mode",
    { purpose: null },
    denied(promotion, [why("purpose", "purpose_unknown")]),
  ),
  watching(
    "monitor mode watches a template that nobody registered",
    { template: null },
    letOut(promotion, watched("template", "template_unknown")),
  ),
  watching(
    "after a platform stop nobody takes the caller's word that an unregistered template is no marketing",
    { ...stopped, template: null },
    denied(orderUpdate, [why("template", "template_unknown")]),
    orderUpdate,
  ),
  watching(
    "a cause lets out no unregistered template, monitor mode or not",
    { template: null },
    denied(signInCode, [why("template", "template_unknown")]),
    signInCode,
  ),
  watching(
    "what the person wants less of is theirs: their own full cap denies in monitor mode",
    {
      preferences: { pauses: [], caps: [{ id: "prf_1", most: 1, hours: 168 }] },
      sends: [
        { at: "2026-09-28T08:00:00.000Z", category: "marketing", purpose: "promotions", decisionId: "dec_1" },
      ],
    },
    denied(promotion, [
      why("frequency_cap", "frequency_cap_reached", ["prf_1", "dec_1"], "2026-10-05T08:00:00.000Z"),
    ]),
  ),
  watching(
    "a pause of the person's denies in monitor mode",
    { preferences: { pauses: [{ id: "prf_1", until: "2026-10-05T08:00:00.000Z" }], caps: [] } },
    denied(promotion, [why("opt_out", "recipient_paused", ["prf_1"], "2026-10-05T08:00:00.000Z")]),
  ),
];
