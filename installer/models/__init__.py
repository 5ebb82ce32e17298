"""How the shipped detector's weights are made: start weights, material, distillation, export, measurement.

Needs PyTorch, which the product does not: see ``make train-env``.
"""
