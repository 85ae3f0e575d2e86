"""Who calls (调用方认证): each module knows one way by which a machine shows who it is; the gate asks them in turn."""
