"""Benchmarks (性能测试): what an audit costs, side by side with other ways of doing the same work."""
