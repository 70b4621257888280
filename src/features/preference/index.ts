export { type Preferences, preferencesOf } from "./choose.ts";
export type { MayCome } from "./show-choices.ts";
export { selectChoices as choicesOf } from "./store.ts";
