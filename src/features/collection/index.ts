export { readCaptureToken } from "./manage-collection-points.ts";
export { selectVersions as findVersions } from "./store.ts";
