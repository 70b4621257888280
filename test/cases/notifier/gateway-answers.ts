import type { HandedOver } from "../../../src/features/notifier/domain/answer.ts";

const error = (code: number, message = "Something about +12025550123") => ({ error: { code, message } });

/** What Meta's Graph API answers to a message, and what becomes of it. */
export const graphAnswers: readonly {
  readonly guarantee: string;
  readonly status: number;
  readonly body: unknown;
  readonly outcome: HandedOver["outcome"];
}[] = [
  {
    guarantee: "a message with an id was taken",
    status: 200,
    body: {
      messaging_product: "whatsapp",
      contacts: [{ input: "1", wa_id: "1" }],
      messages: [{ id: "wamid.x" }],
    },
    outcome: "sent",
  },
  { guarantee: "a 200 without a message is no success", status: 200, body: {}, outcome: "later" },
  { guarantee: "a 200 with an error is no success", status: 200, body: error(131026), outcome: "never" },
  { guarantee: "a page instead of JSON is no success", status: 200, body: undefined, outcome: "later" },
  {
    guarantee: "who is not on WhatsApp never gets it there",
    status: 400,
    body: error(131026),
    outcome: "never",
  },
  {
    guarantee: "a template that is not there is another way's turn",
    status: 404,
    body: error(132001),
    outcome: "never",
  },
  {
    guarantee: "a paused template is another way's turn",
    status: 400,
    body: error(132015),
    outcome: "never",
  },
  { guarantee: "too much for one person passes", status: 400, body: error(131056), outcome: "later" },
  { guarantee: "too much at once passes", status: 429, body: error(130429), outcome: "later" },
  { guarantee: "a wrong token is the operator's to mend", status: 401, body: error(190), outcome: "later" },
  {
    guarantee: "a locked account is the operator's to mend",
    status: 403,
    body: error(131031),
    outcome: "later",
  },
  { guarantee: "trouble of Meta's own passes", status: 500, body: error(131000), outcome: "later" },
  { guarantee: "an unknown error with a 5xx passes", status: 503, body: error(999_999), outcome: "later" },
  {
    guarantee: "a redirect is not followed and may be mended",
    status: 302,
    body: undefined,
    outcome: "later",
  },
  {
    guarantee: "an unknown error of the message's own does not pass",
    status: 400,
    body: error(999_999),
    outcome: "never",
  },
];
