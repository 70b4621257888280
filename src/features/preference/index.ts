export {
  codePart,
  codeTells,
  deletePastCodes as dropPastCodes,
  type NewCode,
  selectChoices as choicesOf,
  selectCodes as codesOf,
} from "./store.ts";
