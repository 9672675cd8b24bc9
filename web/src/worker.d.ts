/** The address of the map's worker, which the build makes (`web/vite.config.ts`). */
declare module "maplibre-gl/worker" {
  const address: string;
  export default address;
}
