"""The validation rules that the wire types carry; generated. They must be loaded for rules to be enforced."""
