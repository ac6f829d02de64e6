"""Small data sets of the papers, written out from their rules."""

# Hinton, Rumelhart and Williams, Nature 323 (1986), Fig. 2: two trees with the same places.
# A couple, then its children; a child that married appears in a later couple.
ENGLISH = (("Christopher", "Penelope", ("Arthur", "Victoria")),
           ("Andrew", "Christine", ("James", "Jennifer")),
           ("Arthur", "Margaret", ()), ("James", "Victoria", ("Colin", "Charlotte")),
           ("Charles", "Jennifer", ()))
ITALIAN = (("Roberto", "Maria", ("Emilio", "Lucia")), ("Pierro", "Francesca", ("Marco", "Angela")),
           ("Emilio", "Gina", ()), ("Marco", "Lucia", ("Alfonso", "Sophia")),
           ("Tomaso", "Angela", ()))
RELATIONS = ("father", "mother", "husband", "wife", "son", "daughter", "uncle", "aunt", "brother",
             "sister", "nephew", "niece")


def family_trees() -> list[tuple[str, str, str]]:
    """The 112 facts (person, relation, person) of the two family trees of 1986.

    They answer 104 different questions (person, relation): eight have two answers, for
    uncles and aunts include the spouses of a parent's brothers and sisters.
    """
    return [fact for couples in (ENGLISH, ITALIAN) for fact in sorted(facts(couples))]


def facts(couples: tuple) -> set[tuple[str, str, str]]:
    """Every fact of one tree. couples: (man, woman, (son, daughter) or ())."""
    found = set()
    for man, woman, children in couples:
        found |= {(woman, "husband", man), (man, "wife", woman)}
        if not children:
            continue
        son, daughter = children
        found |= {(daughter, "brother", son), (son, "sister", daughter)}
        for child in children:
            found |= {(child, "father", man), (child, "mother", woman)}
            found |= uncles_and_aunts(child, (man, woman), couples)
        for parent in (man, woman):
            found |= {(parent, "son", son), (parent, "daughter", daughter)}
    return found


def uncles_and_aunts(child: str, parents: tuple[str, str], couples: tuple) -> set:
    """The facts between a child and the brothers and sisters of its parents, by blood and marriage."""
    siblings = {sibling for *_, children in couples if set(children) & set(parents)
                for sibling in children if sibling not in parents}
    sons = {children[0] for *_, children in couples if children}
    found = set()
    for man, woman, _ in couples:
        if {man, woman} & siblings:
            back = "nephew" if child in sons else "niece"
            found |= {(child, "uncle", man), (child, "aunt", woman), (man, back, child),
                      (woman, back, child)}
    return found
