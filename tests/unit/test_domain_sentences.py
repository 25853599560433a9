"""What the domain says in English can be said in every language."""

from __future__ import annotations

from seiton.domain import pattern_errors, rules, templates, title_values
from seiton.domain.states import DownloadStatus, HoldReason, RawItemStatus, ResyncState
from seiton.faces.domain_sentences import DOMAIN_SENTENCES
from seiton.faces.words import HOLDS, WORDS, hold, word
from seiton.text import use_language


def test_every_template_of_the_domain_is_marked_for_translation() -> None:
    sentences = {
        template
        for module in (pattern_errors, rules, templates, title_values)
        for template in module.TEMPLATES.values()
    }
    assert sentences == set(DOMAIN_SENTENCES)


def test_every_status_and_reason_can_be_said() -> None:
    assert {reason.value for reason in HoldReason} == set(HOLDS)
    assert {str(s) for s in (*RawItemStatus, *DownloadStatus, *ResyncState)} <= set(WORDS)
    use_language("en")
    assert word("unheard of") == "unheard of"
    assert hold(None) == ""
    assert hold("no_space", "3 GB") == "there is not enough space for a copy (3 GB)"
