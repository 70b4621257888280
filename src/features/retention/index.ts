export { endHold, type HoldInput, holdsOn, listHolds, placeHold, prolongHold } from "./manage-holds.ts";
