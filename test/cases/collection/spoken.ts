import type { Hearing } from "../../../src/features/collection/domain/spoken.ts";

/** Cases of what a collection point hears as a yes: the guarantee, the message, and what differs from an ordinary point. */
export interface SpokenCase {
  readonly guarantee: string;
  readonly text: string;
  readonly point?: Partial<Hearing>;
  readonly to?: string;
  readonly heard: boolean;
}

export const chatText = "Please send me offers from Shop on WhatsApp.";

export const spoken: readonly SpokenCase[] = [
  { guarantee: "the words of the chat are a yes", text: chatText, heard: true },
  {
    guarantee: "so they are in other case, spacing and punctuation",
    text: "  please send me OFFERS from Shop, on WhatsApp!!\n",
    heard: true,
  },
  { guarantee: "a keyword is a yes, whatever its case", text: "start", heard: true },
  { guarantee: "a keyword is a yes with exclamation marks", text: "Да!!!", heard: true },
  { guarantee: "a keyword is a yes on another keyboard", text: "ДA", heard: true },
  { guarantee: "a keyword of several words is one", text: "yes, please", heard: true },
  {
    guarantee: "the words of the chat are none unless the point says so",
    text: chatText,
    point: { chatGivesConsent: false },
    heard: false,
  },
  {
    guarantee: "keywords count also where the chat's words do not",
    text: "START",
    point: { chatGivesConsent: false },
    heard: true,
  },
  {
    guarantee: "without a chat there are no words of it",
    text: chatText,
    point: { chat: null },
    heard: false,
  },
  {
    guarantee: "without a chat keywords count wherever they are sent",
    text: "START",
    point: { chat: null },
    to: "another",
    heard: true,
  },
  { guarantee: "what is written to another sender is none", text: chatText, to: "another", heard: false },
  {
    guarantee: "a keyword to another sender than the chat's is none",
    text: "START",
    to: "another",
    heard: false,
  },
  {
    guarantee: "the words with others after them are none",
    text: `${chatText} Only if they are free.`,
    heard: false,
  },
  { guarantee: "the words with others before them are none", text: `Do not ${chatText}`, heard: false },
  {
    guarantee: "the words with one left out are none",
    text: "Please send me offers on WhatsApp.",
    heard: false,
  },
  {
    guarantee: "the words with one put in are none",
    text: "Please send me no offers from Shop on WhatsApp.",
    heard: false,
  },
  {
    guarantee: "the words with one misspelt are none",
    text: "Please send me ofers from Shop on WhatsApp.",
    heard: false,
  },
  { guarantee: "half of the words are none", text: "Please send me offers", heard: false },
  { guarantee: "a keyword in a sentence is none", text: "When does the sale start", heard: false },
  { guarantee: "a keyword twice is none", text: "START START", heard: false },
  { guarantee: "a keyword with a letter more is none", text: "STARTS", heard: false },
  { guarantee: "a keyword as a question is none", text: "Да?", heard: false },
  { guarantee: "a keyword as a question in another script is none", text: "START ؟", heard: false },
  { guarantee: "a keyword with a thumb down is none", text: "START 👎🏽", heard: false },
  { guarantee: "a keyword that is crossed out is none", text: "❌ Да", heard: false },
  {
    guarantee: "a question is a yes where the chat's own words are one",
    text: "May I have offers from Shop?",
    point: { chat: { senderId: "sender", text: "May I have offers from Shop?" } },
    heard: true,
  },
  { guarantee: "nothing is none", text: "", heard: false },
  { guarantee: "punctuation alone is none", text: "!!!", point: { keywords: ["!!!", ""] }, heard: false },
];
