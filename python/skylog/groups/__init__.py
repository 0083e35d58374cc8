"""Consumer groups: a pure state machine per group, and the room that gives them time, storage and answers."""
