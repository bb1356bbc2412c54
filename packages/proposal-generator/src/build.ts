import { configure, Registry, type Config } from "@detectron-ts/config";
import type { ShapeSpec } from "@detectron-ts/layers";

import type { ProposalGenerator } from "./proposal-generator.ts";
import { RPN } from "./rpn.ts";
import { RRPN } from "./rrpn.ts";

/** Makes a proposal generator from a config and the shapes of a backbone's feature maps by name. */
export type ProposalGeneratorBuilder = (
  cfg: Config,
  inputShape: Readonly<Record<string, ShapeSpec>>,
) => ProposalGenerator;

/** Proposal generators by the names that `MODEL.PROPOSAL_GENERATOR.NAME` may have. */
export const PROPOSAL_GENERATOR_REGISTRY = new Registry<ProposalGeneratorBuilder>(
  "PROPOSAL_GENERATOR",
);

PROPOSAL_GENERATOR_REGISTRY.register("RPN", (cfg, inputShape) => configure(RPN, [cfg, inputShape]));
PROPOSAL_GENERATOR_REGISTRY.register("RRPN", (cfg, inputShape) =>
  configure(RRPN, [cfg, inputShape]),
);

/**
 * Builds the proposal generator that `cfg.MODEL.PROPOSAL_GENERATOR.NAME` names; none for `"PrecomputedProposals"`, when
 * proposals come with the images.
 *
 * @throws NotRegisteredError of `@detectron-ts/config` for an unknown name.
 */
export function buildProposalGenerator(
  cfg: Config,
  inputShape: Readonly<Record<string, ShapeSpec>>,
): ProposalGenerator | undefined {
  const name = cfg.MODEL.PROPOSAL_GENERATOR.NAME;
  return name === "PrecomputedProposals"
    ? undefined
    : PROPOSAL_GENERATOR_REGISTRY.get(name)(cfg, inputShape);
}
