"""No public function is forgotten: each stands in a table, or here with the reason why not."""
import ast
import pathlib

from .rows import UTILS
from .test_fuzz import ROWS

EXCEPTIONS = {
    "it starts programs, installs, or writes into the course's folder; its own tests do that elsewhere": """
        __main__.main __main__.obey
        commands.python_for commands.lab commands.no_news commands.test commands.run commands.pretrain
        commands.progress commands.doctor commands.kit commands.handout commands.address commands.hand_over
        install.ready
        install.wheels_of install.stamp install.installed install.check_machine install.check_disk
        install.make_environment install.works install.fetch_uv install.install install.without_cuda
        install.source_options install.no_network install.call install.Trouble checkup.graphics checkup.report
        notebooks.execute notebooks.save notebooks.write handout.run handout.slides kit.run kit.wheels kit.checkpoint
        readme.write_readme readme.draw readme.write_saved_scoreboards references.record one_task.record_digits
        teaching.main rooms.main progress.run runner.run runner.all_outcomes runner.outcome_of runner.write_page
        runner.summarise pretraining.command.run pretraining.command.make_plan pretraining.command.Reporter""",
    "it uses the network; tests with a server of their own do that": """
        data.sources.read data.sources.download data.sources.fetch data.sources.Bounded data.sources.TooLong
        kit.through_proxy checkup.at_hand checkup.elsewhere checkup.reachable
        checkup.answers kit.Cut kit.estimate kit.fill kit.fetch kit.resume kit.copy serving.serve serving.server
        serving.Room serving.Handler serving.invitation""",
    "it reads a published file whose SHA-256 is compared first": """
        data.entities.conll2003 data.entities.wnut17 data.entities.own_copy data.images.idx_split data.images.zip_code
        pretraining.corpus.film_reviews pretraining.corpus.collect""",
    "it is a record, or an exception, without a check of its own": """
        data.entities.Tagged data.entities.Entities data.growth.Model data.growth.Growth data.images.Split
        data.images.Dataset data.pairs.Pairs data.reviews.Labelled data.reviews.Reviews data.sources.Unavailable
        quizzes.Option quizzes.Question timeline.Myth timeline.Event exercises.NotDone runner.Outcome
        widgets.pictures.Drawing checkpoint_folders.NoCheckpoint pretraining.batches.Batch pretraining.corpus.Document
        pretraining.corpus.Kind pretraining.tokens.Tokens pretraining.training.Run""",
    "it is a step inside a caller that is tried, on what the caller has made or checked": """
        checkpoint_folders.check_report checkpoint_folders.is_a_folder runner.is_file data.cards.check
        data.sequences.generator data.sequences.check_strings data.pairs.check_codes plots.style.rgb_of
        plots.style.numbers plots.style.axes_or_new plots.style.settle plots.style.named plots.style.marks_of
        plots.pictures.texts trainable.check_model trainable.check_split states.check_options states.remembered
        states.Training checkpoints.set_random_state leaves.state_of progress.beginning rooms.largest rooms.sizes
        rooms.rooms rooms.larger
        arguments.sentence""",
    "it belongs to a training, which tests/test_pretraining.py makes with its card": """
        pretraining.batches.Passages pretraining.card.text pretraining.card.head pretraining.card.data
        pretraining.card.training pretraining.card.results pretraining.card.limits pretraining.model.TwoTasks
        pretraining.model.stretch pretraining.plan.load_plan pretraining.plan.beside pretraining.ship.ship
        pretraining.ship.record pretraining.ship.unigram_guess pretraining.ship.write_card
        pretraining.tokens.load_tokens
        pretraining.tokens.open_tokens pretraining.tokens.recipe pretraining.tokens.encode pretraining.tokens.weighted
        pretraining.tokens.keep pretraining.training.Walk pretraining.training.begin pretraining.training.pretrain
        pretraining.training.validate pretraining.training.reopen pretraining.training.own_file
        pretraining.vectors.cooccurrence pretraining.vectors.stretches pretraining.vectors.word_vectors
        pretraining.vectors.log_frequencies pretraining.wordpiece.save_vocabulary
        pretraining.wordpiece.load_vocabulary""",
    "it works among processes that torchrun starts, as tests/test_distributed.py does": """
        replicas.__init__.agreed replicas.__init__.all_or_none replicas.__init__.decided_by_first
        replicas.__init__.finite replicas.__init__.in_shares replicas.__init__.install
        replicas.__init__.on_a_share replicas.__init__.one_at_a_time replicas.__init__.tell
        replicas.averages.Averages replicas.averages.Share replicas.averages.buckets replicas.averages.scalar
        replicas.chapters.Failed replicas.chapters.Unsaid replicas.chapters.Unseen replicas.chapters.outcome_of
        replicas.chapters.run replicas.chapters.same_chances replicas.chapters.settle replicas.chapters.shell
        replicas.rehearsal.Rehearsed replicas.rehearsal.Still replicas.rehearsal.compare
        replicas.rehearsal.leaves_of replicas.rehearsal.near replicas.rehearsal.optimizers_of
        replicas.rehearsal.why_not replicas.shares.chances replicas.shares.own_chances
        replicas.shares.same_everywhere replicas.shares.share
        replicas.snapshot.Snapshot replicas.snapshot.full replicas.snapshot.own replicas.snapshot.refill
        torchrun.as_one torchrun.form_group torchrun.hush torchrun.leave torchrun.meeting torchrun.this_start""",
    "the faults it is for are made by tests/test_faults_files.py, test_faults_numbers.py and test_open_files.py": """
        checkpoints.finite files.alone files.drop files.locked files.put files.sweep files.whole files.why
        memory.OutOfMemory memory.advice memory.explained memory.free memory.in_optimizer memory.mean
        memory.sparing training.stopped""",
    "every batch is one to it, as tests/test_rows.py shows": "rows.cut rows.each_tensor rows.rows_of",
    "it hands its options to tqdm, which checks them": "say.progress",
}


def public(path: pathlib.Path) -> set[str]:
    """The public functions and classes of a file, such as "data.cards.signs"; solutions take whatever is handed in."""
    place = path.relative_to(UTILS).with_suffix("").parts
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {".".join([*place, node.name]) for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
            and not node.name.startswith("_") and place[0] != "solutions"}


def in_the_tables() -> set[str]:
    """What the rows try; a method, or a call through a helper, counts for its class or function."""
    titles = {row.title.split()[0] for row in ROWS}
    return titles | {title.rpartition(".")[0] for title in titles}


def test_every_public_name_has_a_row_or_a_reason():
    names = set().union(*map(public, UTILS.rglob("*.py")))
    excused = " ".join(EXCEPTIONS.values()).split()
    assert len(names) > 400 and len(excused) == len(set(excused))
    assert not names - in_the_tables() - set(excused), "add a row to a table of tests/fuzz"
    assert not set(excused) - names, "excused, but not there any more"
    assert not set(excused) & in_the_tables(), "excused, but in a table"


def test_every_row_is_of_a_public_name():
    names = set().union(*map(public, UTILS.rglob("*.py")))
    assert not [row.title for row in ROWS if row.title.split()[0] not in names
                and row.title.split()[0].rpartition(".")[0] not in names]
