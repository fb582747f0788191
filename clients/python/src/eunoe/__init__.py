"""Wire types of Eunoe, generated from its protos. Users want `eunoe_client` instead."""
