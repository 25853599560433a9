"""The sentences of the domain, marked for the catalogues.

The domain gives English templates and their values, and knows no languages; whoever shows a fault
translates its template.
"""

from __future__ import annotations

N_ = str  # marks a text for the catalogues

DOMAIN_SENTENCES = (
    N_("{found} (atomic group) is not in the dialect; an ordinary group is {instead}."),
    N_("{found} (back-reference) is not in the dialect: it has no linear-time meaning."),
    N_("{found} cannot be used inside a negated class; name the allowed classes instead, such as {instead}."),
    N_("The range {found} in the class is not one: it runs backwards or has a class as its end."),
    N_(
        "{found} inside a class (nested class or set operation) is not in the dialect; write "
        "{instead} for the characters themselves."
    ),
    N_("{found} (comment) is not in the dialect; leave it out."),
    N_("{found} (conditional group) is not in the dialect; write alternatives with {instead}."),
    N_("The pattern ends in a single backslash; write {instead} for the character."),
    N_("{found} is not a character."),
    N_("The inline flag {found} is not in the dialect; there are i, m, s, U, u and x."),
    N_("{found} is not a group name: it needs a letter or _ first, then letters, digits or _."),
    N_("There is already a group called {found}."),
    N_("{found} is not a group of the dialect."),
    N_("{found} is not a repetition such as {example}; write {instead} for the character."),
    N_("{found} (look-around) is not in the dialect: it has no linear-time meaning."),
    N_("{found} has nothing before it to repeat; write {instead} for the character."),
    N_("The pattern contains half of a character (a lone surrogate)."),
    N_("{found} (possessive repetition) is not in the dialect; leave the second plus out."),
    N_("{found} is not a Unicode category or script that is known here."),
    N_("The engine refuses the pattern: {reason}."),
    N_("{found} repeats too often or backwards: at most {most}, the smaller number first."),
    N_("{found} repeats a repetition; put a group around the inner one."),
    N_("The pattern is too complex; large repetitions inside each other are the usual reason."),
    N_("The pattern has {length} characters; at most {most} are allowed."),
    N_("This class has no closing bracket; write {instead} for the character."),
    N_("This group has no closing parenthesis; write {instead} for the character."),
    N_("{found} is not in the dialect."),
    N_("{found} is not in the dialect; write {instead}."),
    N_("There is no group to close here; write {instead} for the character."),
    N_("This is required."),
    N_("This has {length} characters; at most {most} are allowed."),
    N_("The priority must lie between {least} and {most}."),
    N_("The offset must lie between {least} and {most}."),
    N_("{found} names no group: write a number such as {number} or a name such as {name}."),
    N_("There is no group {found}: the parse regex has {count}."),
    N_("There is no group called {found} in the parse regex."),
    N_("{found} is not a year."),
    N_("The text taken from the title is empty."),
    N_("The group took no part in the match."),
    N_("{found} is not a number."),
    N_("{found} is not between 0 and {most}."),
    N_("{found} is several episodes: set the field for the last episode as well."),
    N_("The last episode {last} comes before the first, {first}."),
    N_("{first} to {last} is too wide for one release: at most {most} may follow the first."),
    N_("A range of episodes needs whole numbers, not {found}."),
    N_("Write a template such as {example}."),
    N_("The template has {length} characters; at most {most} are allowed."),
    N_(
        "A template has three parts, show folder / season folder / file; this one has {count}."
        " Example: {example}"
    ),
    N_("There is nothing between two slashes, or before or after one."),
    N_("A name cannot begin or end with a dot or a blank."),
    N_("{found} cannot be part of a name."),
    N_("{found} is a part of the language: an optional part is {example}."),
    N_("An optional part cannot contain a slash."),
    N_("A single {found} means nothing; write {instead} for the character."),
    N_("This {found} is never closed."),
    N_("Optional parts can be inside each other at most {most} deep."),
    N_("There is no placeholder {found}. There are {names}."),
    N_(
        "The title of an episode cannot be part of a name: servers take words such as {example}"
        " in it for further episodes. It is in the NFO."
    ),
    N_("{found} can only be a condition: {example}."),
    N_("{found} is no format: write how many digits, as in {example}."),
    N_("{found} is text, which has no format."),
    N_("{found} may be absent; put it into an optional part: {example}."),
    N_("{found} is not the same for all episodes of a show, so it cannot be part of the show's folder."),
    N_(
        "A name by this template can become {length} bytes long; at most {most} leave room for"
        " subtitles. Take something out of it."
    ),
    N_("{one} and {other} would both lie at {path}. Put into the template what tells them apart."),
    N_("Media servers find no season and episode in {found}; write {example} into it."),
    N_("Media servers would read {found} as {read}, not as {wanted}. Write {example} right after {episode}."),
    N_(
        "Media servers would read {found} as {read}, not as {wanted}. Put what follows the number in"
        " brackets: {example}."
    ),
    N_("Media servers do not read {found} as season {number}. Write {example}."),
    N_("Media servers would take {found} for an extra or a part of a film. Put other text at its end."),
    N_("No name can be made for {found} by this template."),
)
