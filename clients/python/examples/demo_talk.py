"""What the demo streams in and asks: half a year of talks between Maya and her assistant, three documents, and questions about them."""

# ruff: noqa: INP001
# A script's data, not a package; people write dashes.

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

USER_ID = "maya"
CUSTOMER_ID = "northstar"
CONVERSATION_ID = "maya-and-iris"


@dataclass(frozen=True)
class Session:
    """One sitting: when it began, and what was said, Maya first and then in turns."""

    session_id: str
    began: str
    turns: tuple[str, ...]


@dataclass(frozen=True)
class Paper:
    """A document to take in."""

    document_id: str
    document_type: str
    created: str
    text: str
    is_private: bool
    """Maya's own; otherwise all of Northstar shares it."""


@dataclass(frozen=True)
class Question:
    """A question, what the answer must hold, and where it was said."""

    text: str
    needs: tuple[str, ...]
    where: str


SESSIONS = (
    Session(
        "january",
        "2026-01-12T08:05:00+00:00",
        (
            "Morning! You're the new assistant, right? I'm Maya.",
            "Good morning, Maya. I'm Iris. What should I know about you?",
            "We moved to Lisbon in November, from Toronto. I'm still looking for the light switches, honestly.",
            "Welcome! What brought you to Lisbon?",
            "Work, mostly. I'm an architect at Studio Almada, we do schools and small public buildings.",
            "That sounds lovely. Is your family with you?",
            "Yes, my husband Daniel and our daughter Noor. She's six and she has opinions.",
            "Anything I should keep in mind for her?",
            "Noor is allergic to peanuts. Severely, so please never suggest a place that cooks with them.",
            "Understood. I will check that every time.",
            "And calls: I prefer calls before ten in the morning, after that I'm on site.",
            "Before ten it is. Do you want a summary by email afterwards?",
            "No, please, no more email. Just tell me the next time we talk.",
            "Noted. Have a good day on site!",
        ),
    ),
    Session(
        "february",
        "2026-02-20T08:40:00+00:00",
        (
            "Iris, our anniversary is coming up. Ten years, can you believe it?",
            "Congratulations! Do you have something in mind?",
            "A weekend in Porto, just Daniel and me. My mother will fly in for Noor.",
            "Shall I look at flights?",
            "No flights. I hate flying, I'd much rather take the train.",
            "There are trains from Santa Apolónia every hour. Window seats?",
            "Window seats, yes, and facing forward if there is such a thing.",
            "There is. What about dinner?",
            "I've been vegetarian since last summer, and Daniel eats everything, so something that works for both.",
            "There is a small place by the river with a tasting menu without meat. Not cheap.",
            "It's ten years, it's allowed to be not cheap. Book it for Saturday the 14th of March.",
            "Saturday, 14 March, two people, vegetarian menu for one. Done.",
            "You're a treasure. Oh, and don't tell Daniel, it's a surprise.",
            "My lips are sealed.",
        ),
    ),
    Session(
        "march",
        "2026-03-28T07:55:00+00:00",
        (
            "Well, Porto was wonderful and then I fell down the stairs at a building site. My knee is ruined.",
            "Oh no! How bad is it?",
            "Torn meniscus. I was so frustrated I cried in the taxi, I had just signed up for the half marathon.",
            "I'm sorry, Maya. That is hard. Is somebody treating it?",
            "Yes, a physiotherapist, Helena Marques, she's brilliant. I see her every Tuesday at eight.",
            "Shall I keep Tuesday mornings free of calls?",
            "Please. And no running for three months, she says. Swimming is fine.",
            "There is a public pool ten minutes from your flat, it opens at seven.",
            "Perfect. I used to swim a lot in Toronto, actually.",
            "Then it may even be fun. Anything else?",
            "I sold the car last week. With this knee I couldn't drive it anyway, and parking was a nightmare.",
            "So how do you get around?",
            "We bought a cargo bike with a motor. Noor named it Tangerine, because it's orange.",
            "Tangerine is an excellent name.",
        ),
    ),
    Session(
        "may",
        "2026-05-09T08:15:00+00:00",
        (
            "Big news. I left Studio Almada.",
            "That is big! What happened?",
            "Nothing bad. I work for Atelier Norte now, they asked me to lead the new library in Braga, and I couldn't say no.",
            "Congratulations! When do you start?",
            "I started on Monday. I'm so excited, I haven't slept properly since.",
            "Does that mean moving to Braga?",
            "No, we stay in Lisbon. I go up every second Thursday and stay the night.",
            "By train, I suppose.",
            "By train, obviously. The design has to be submitted by the 30th of June.",
            "I'll remember the deadline. How is the knee?",
            "Better! Helena says I can run again in July. I don't believe her yet.",
            "One step at a time.",
            "Ha. Very funny, Iris.",
            "I try.",
        ),
    ),
    Session(
        "june",
        "2026-06-18T08:30:00+00:00",
        (
            "Noor turns seven soon and she wants exactly one thing: to see Saturn.",
            "Saturn the planet?",
            "The planet. So we're giving her a telescope, a small one. It's hidden in my mother-in-law's cellar.",
            "A wonderful present. Will there be a party?",
            "On Saturday the 4th of July in the botanical garden, ten children. Pray for me.",
            "I'll look for a cake without peanuts, from a kitchen without peanuts.",
            "You remembered! Yes. And she hates chocolate, don't ask me why.",
            "Lemon, then?",
            "Lemon is perfect. And we have a cat now, I don't think I told you. Pixel. She was on the balcony one day and stayed.",
            "Hello, Pixel.",
            "She sleeps on the model of the library. It's ruined, I've given up.",
            "Then the library has passed its first test of comfort.",
            "I'll put that into the submission. Talk soon, Iris.",
            "Talk soon, Maya.",
        ),
    ),
)

PAPERS = (
    Paper(
        "handbook-leave",
        "knowledge-article",
        "2026-01-02T09:00:00+00:00",
        """# Leave at Northstar

## Vacation

Everybody has 25 days of vacation a year. Up to five unused days can be carried over, and they expire on 31 March.

## Parental leave

Parents take up to 26 weeks, in one piece or in two. Tell the people team eight weeks before.

## Sick leave

Call before nine. A doctor's note is needed from the third day on.
""",
        is_private=False,
    ),
    Paper(
        "mail-tickets",
        "email",
        "2026-06-22T16:12:00+00:00",
        """From: Rui Tavares <rui@ateliernorte.example>
To: Maya Okafor <maya@ateliernorte.example>
Date: Mon, 22 Jun 2026 17:12:00 +0100
Subject: Tickets to Braga

Hi Maya,

your train on Thursday leaves Santa Apolónia at 07:39 and arrives in Braga at 11:04. You are in coach 21, seat 54, at the window.
The client expects us at noon in the old market hall. Please bring the wooden model, whatever the cat did to it.

Rui
""",
        is_private=True,
    ),
    Paper(
        "minutes-library",
        "meeting-transcript",
        "2026-06-25T12:00:00+00:00",
        """Maya: The reading room stays on the north side, for the light.
Rui: Agreed. What about the roof?
Maya: Timber. Concrete was too heavy for the old foundations.
Teresa Lobo: The city pays for solar panels if we send the calculation by the 15th of July.
Rui: I'll do the calculation.
Maya: Good. Then Teresa talks to the fire brigade, and we meet again on the 2nd of July.
""",
        is_private=True,
    ),
)

QUESTIONS = (
    Question("What must Noor never eat?", ("peanut",), "January"),
    Question("How do I like to travel?", ("train",), "February"),
    Question("Who treats my knee, and on which day?", ("Helena Marques", "Tuesday"), "March"),
    Question("What is the bike called?", ("Tangerine",), "March"),
    Question("Where do I work now?", ("Atelier Norte",), "May"),
    Question("When is Noor's birthday party?", ("4th of July",), "June"),
    Question("How many vacation days can be carried over?", ("five",), "the handbook"),
    Question("When does my train to Braga leave?", ("07:39",), "Rui's mail"),
)


def said_at(session: Session, turn: int) -> datetime:
    """When a turn of a session was said: people need a few seconds for each."""
    began = datetime.fromisoformat(session.began)
    return began.replace(minute=began.minute + turn * 9 // 60, second=turn * 9 % 60)
