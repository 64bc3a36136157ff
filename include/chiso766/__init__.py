"""chiso766: a ward's Decision 766 score, computed from its own dossiers every night."""
