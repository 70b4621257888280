export { blocksOf } from "./manage-blocks.ts";
