/** Areas of the plane bounded by straight lines; made and read by {@link PolygonGeometry}. */
export interface Area {
  isEmpty(): boolean;
}

/** A ring of corners: x0, y0, x1, y1, …. */
export type Ring = readonly number[];

/** What Cityscapes' polygons need of geometry. */
export interface PolygonGeometry {
  /** The area within a ring, grown by a distance to all sides; a quarter of a circle around a corner has 4 segments. */
  grown(ring: Ring, distance: number): Area;
  difference(a: Area, b: Area): Area;
  /** The outer rings of an area's parts, first corner repeated at the end; holes are lost. */
  outerRings(area: Area): Ring[];
}

const QUADRANT_SEGMENTS = 4;

/** The parts of JSTS's geometries that are used here; its own types are untyped. */
interface JstsGeometry extends Area {
  getNumGeometries(): number;
  getGeometryN(index: number): JstsGeometry;
  getGeometryType(): string;
  getExteriorRing(): { getCoordinates(): readonly { readonly x: number; readonly y: number }[] };
}

/**
 * Geometry of polygons by JSTS, the translation to JavaScript of JTS, which GEOS, shapely's engine, translates to C++. It is
 * imported at the first call, since only Cityscapes needs it.
 */
export async function loadPolygonGeometry(): Promise<PolygonGeometry> {
  const [{ default: GeometryFactory }, { default: Coordinate }, { default: BufferOp }, overlay] =
    await Promise.all([
      import("jsts/org/locationtech/jts/geom/GeometryFactory.js"),
      import("jsts/org/locationtech/jts/geom/Coordinate.js"),
      import("jsts/org/locationtech/jts/operation/buffer/BufferOp.js"),
      import("jsts/org/locationtech/jts/operation/overlay/snap/SnapIfNeededOverlayOp.js"),
    ]);
  const factory = new GeometryFactory();
  const { default: OverlayOp } = overlay;
  const polygonOf = (ring: Ring): JstsGeometry => {
    const corners = Array.from(
      { length: ring.length / 2 },
      (_, i) => new Coordinate(ring[2 * i], ring[2 * i + 1]),
    );
    return factory.createPolygon([...corners, corners[0].copy()]);
  };
  return {
    grown: (ring, distance) => BufferOp.bufferOp(polygonOf(ring), distance, QUADRANT_SEGMENTS),
    difference: (a, b) => OverlayOp.difference(a, b),
    outerRings: (area) => polygonsOf(area as JstsGeometry).map(outerRing),
  };
}

/** Parts that touch at points or along lines only may come with the polygons; they have no area. */
function polygonsOf(geometry: JstsGeometry): JstsGeometry[] {
  return Array.from({ length: geometry.getNumGeometries() }, (_, i) =>
    geometry.getGeometryN(i),
  ).filter((part) => part.getGeometryType() === "Polygon" && !part.isEmpty());
}

function outerRing(polygon: JstsGeometry): Ring {
  return polygon
    .getExteriorRing()
    .getCoordinates()
    .flatMap(({ x, y }) => [x, y]);
}
