"""Observation (运行观测): request ids, logs, metrics and traces of every interface."""
