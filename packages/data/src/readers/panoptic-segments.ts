import type { MetadataFields } from "../catalog/metadata-catalog.ts";
import type { PanopticSegment } from "../dataset-dict.ts";
import { DatasetFileError } from "../errors.ts";
import type { PanopticAnnotation } from "./panoptic-file.ts";

/** What readers of panoptic annotations need to know about the categories. */
export type PanopticMetadata = Partial<
  Pick<MetadataFields, "thingDatasetIdToContiguousId" | "stuffDatasetIdToContiguousId">
>;

/**
 * The segments of an image with contiguous ids of their categories.
 *
 * @throws DatasetFileError for a category that is neither among things nor among stuff.
 */
export function convertSegments(
  file: string,
  { image_id, segments_info }: PanopticAnnotation,
  { thingDatasetIdToContiguousId, stuffDatasetIdToContiguousId }: PanopticMetadata,
): PanopticSegment[] {
  return segments_info.map(({ category_id, ...segment }) => {
    const thing = thingDatasetIdToContiguousId?.get(category_id);
    const categoryId = thing ?? stuffDatasetIdToContiguousId?.get(category_id);
    if (categoryId === undefined) {
      throw new DatasetFileError(
        file,
        `segment ${segment.id} of image ${image_id} has category ${category_id}, which is neither thing nor stuff`,
      );
    }
    return { ...segment, categoryId, isThing: thing !== undefined };
  });
}
