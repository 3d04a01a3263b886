"""How well query types are told and models are chosen: the shipped weights are made here, and measured."""
