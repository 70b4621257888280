export { type Preferences, preferencesOf } from "./choose.ts";
export type { MayCome } from "./show-choices.ts";
export {
  codePart,
  codeTells,
  deletePastCodes as dropPastCodes,
  type NewCode,
  selectChoices as choicesOf,
  selectCodes as codesOf,
} from "./store.ts";
