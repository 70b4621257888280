export { type Box, boxesOf, boxFor } from "./domain/boxes.ts";
export { type Capture, pageOf } from "./domain/capture-token.ts";
export { findHeardYes } from "./hear-yes.ts";
export { captureShown, readCaptureToken } from "./issue-capture-token.ts";
export { findPoint } from "./manage-collection-points.ts";
export { chatToConfirm, type OpenedPoint, openCollectionPoint } from "./open-collection-point.ts";
export {
  type NewPointRows,
  pointParts,
  type ShownPoint,
  selectAsking as findAsking,
  selectPointsOf as findPoints,
  selectVersions as findVersions,
} from "./store.ts";
export { keepWidgetRelease } from "./widget-release.ts";
