"""The trail (审计存证): a Merkle log of everything that matters, which anybody can check offline. Knows no database."""
