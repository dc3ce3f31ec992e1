"""The words of the diagnosis: each verdict's rank, meaning and what to do; decides nothing."""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """What a daemon's queue suffers from.

    ``rank`` orders by severity (0 well, 1 worth knowing, 2 look today, 3 look now).
    """

    OK = (0, "The backlog is as small as usual.", "Nothing.")
    IDLE = (0, "Nothing arrives, as usual at this hour.", "Nothing.")
    RECOVERING = (1, "The backlog shrinks; the cause is over.", "Wait for the time given.")
    RESTART = (1, "The daemon restarted; what waited in its memory is lost.",
               "Check that replay fetched the lost messages.")
    REPLAY = (1, "A restart fetched old messages again: the arrivals are a catch-up.",
              "Wait; look again if it lasts longer than the outage did.")
    CREEP = (2, "The workers are ever busier; backlog is still 0 but will not stay so.",
             "Before the date given: speed up the handling or add workers.")
    ERRORS = (2, "Messages fail unusually often; a small backlog hides it.",
              "Read the daemon's log for the exception.")
    SURGE = (2, "More messages arrive than usual.",
             "Find the sender of the topic named; it usually passes, else add workers.")
    MIX = (2, "As many messages as usual, but more of the expensive topics.",
           "Find the sender of the topic named; handling itself is as fast as ever.")
    RETRIES = (2, "Failed messages come back and inflate the arrivals.",
               "Mend the failure; pause the retries if the backlog must stop growing.")
    SLOW = (3, "Each message takes longer to handle than usual.",
            "Look at what the daemon waits for: its database, disk or a remote service.")
    BOTH = (3, "More messages arrive and each takes longer.",
            "Begin with the larger part: the sender for arrivals, the database for handling.")
    WORKERS_LOST = (3, "Part of the workers hang or are gone; the rest carry on.",
                    "Restart the daemon after taking a stack dump; check its worker setting.")
    SATURATED = (3, "Arrivals use up the whole capacity for good: it will never catch up.",
                 "Add workers or make handling faster; waiting does not help.")
    STARVED = (3, "A usually busy daemon receives nothing.",
               "Check its subscription, the relay before it and the network.")
    STALLED = (3, "Work waits and nothing is finished.",
               "Take a stack dump, then restart; look for a lock or a hung connection.")
    TELEMETRY_LOST = (2, "The daemon lives but its numbers do not arrive or are frozen.",
                      "Check the hub plugin, the socket's permissions and collectd.")
    DOWN = (3, "The daemon's process is gone.", "Start it; read why it ended.")
    UNKNOWN = (1, "The evidence does not suffice; see what is missing.",
               "Provide the evidence named; do not take this for healthy.")

    def __init__(self, rank: int, meaning: str, action: str) -> None:
        self.rank = rank
        self.meaning = meaning
        self.action = action

    @property
    def healthy(self) -> bool:
        """True for OK and IDLE only."""
        return self.rank == 0
