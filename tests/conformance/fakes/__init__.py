"""Scripted cache servers: real protocols on loopback, one small model of a node behind them, faults on purpose."""
