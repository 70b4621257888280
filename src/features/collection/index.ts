export { readCaptureToken } from "./manage-collection-points.ts";
export { collectionRoutes } from "./routes.ts";
export { selectVersions as findVersions } from "./store.ts";
