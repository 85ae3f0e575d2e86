"""Imports (导入): official Excel lists and auditors' tables become rows of rule packs, and no row is lost."""
