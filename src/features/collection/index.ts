export { type Capture, pageOf } from "./domain/capture-token.ts";
export { captureShown, readCaptureToken } from "./issue-capture-token.ts";
export { findPoint } from "./manage-collection-points.ts";
export { type OpenedPoint, openCollectionPoint } from "./open-collection-point.ts";
export { type NewPointRows, pointParts, selectVersions as findVersions } from "./store.ts";
export { keepWidgetRelease } from "./widget-release.ts";
