import devices.models.incoming
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0002_commissioning"),
        ("platforms", "0004_notifications"),
    ]

    operations = [
        migrations.CreateModel(
            name="GatewayInbox",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        default=devices.models.incoming.new_key,
                        editable=False,
                        max_length=43,
                        unique=True,
                    ),
                ),
                ("fence", models.PositiveIntegerField(default=0, editable=False)),
                ("polling_until", models.DateTimeField(editable=False, null=True)),
                (
                    "polled_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last polled"),
                ),
                (
                    "called_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last call"),
                ),
                (
                    "fault",
                    models.CharField(
                        blank=True, editable=False, max_length=32, verbose_name="fault"
                    ),
                ),
                (
                    "failing_since",
                    models.DateTimeField(editable=False, null=True, verbose_name="failing since"),
                ),
            ],
            options={
                "verbose_name": "inbox of a gateway",
                "verbose_name_plural": "inboxes of gateways",
            },
        ),
        migrations.CreateModel(
            name="InboxOccurrence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("mark", models.CharField(max_length=64)),
                ("number", models.PositiveIntegerField()),
                ("listed", models.PositiveIntegerField()),
                ("ahead", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="PowerOutage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("began", models.DateTimeField(verbose_name="began")),
                ("ended", models.DateTimeField(null=True, verbose_name="ended")),
            ],
            options={
                "verbose_name": "power outage",
                "verbose_name_plural": "power outages",
                "ordering": ("-began", "-pk"),
            },
        ),
        migrations.AddField(
            model_name="command",
            name="fate",
            field=models.CharField(
                blank=True,
                choices=[
                    ("sent", "Sent to the network"),
                    ("waiting", "Taken by the gateway, not sent yet"),
                    ("failed", "Given up by the gateway before it was sent"),
                    ("absent", "Not known to the gateway"),
                    ("unknown", "The gateway does not say"),
                ],
                editable=False,
                max_length=16,
                verbose_name="the gateway says",
            ),
        ),
        migrations.AddField(
            model_name="command",
            name="fate_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="device",
            name="gsm_level",
            field=models.PositiveSmallIntegerField(
                editable=False, null=True, verbose_name="GSM signal"
            ),
        ),
        migrations.AddField(
            model_name="device",
            name="gsm_level_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="GSM signal told"),
        ),
        migrations.AddField(
            model_name="incomingsms",
            name="kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("on", "The outlet is on"),
                    ("off", "The outlet is off"),
                    ("status", "State of several outlets"),
                    ("mains_lost", "Mains power lost"),
                    ("mains_back", "Mains power is back"),
                    ("gsm_level", "GSM signal"),
                    ("number_taken", "Another number is already the administrator"),
                    ("admin_registered", "The number is now the administrator"),
                    ("not_allowed", "The socket does not obey this number"),
                    ("not_understood", "The socket did not understand the command"),
                    ("unknown", "Not recognised"),
                ],
                editable=False,
                max_length=16,
                verbose_name="meaning",
            ),
        ),
        migrations.AddField(
            model_name="incomingsms",
            name="moment",
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False),
        ),
        migrations.AddField(
            model_name="incomingsms",
            name="read_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="commandstep",
            name="event",
            field=models.CharField(
                blank=True,
                choices=[
                    ("claim", "A worker took it."),
                    ("lease_over", "The worker that had it went silent."),
                    ("postpone", "It cannot be sent now and waits."),
                    ("refuse", "A check before sending refused it."),
                    ("intend", "All checks passed; it goes to the gateway."),
                    ("stale", "The worker was too slow and did not send it."),
                    ("accept", "The gateway accepted it."),
                    ("reject", "The gateway refused it; nothing was sent."),
                    ("lose", "No clear answer came from the gateway."),
                    ("found_sent", "It turned out to have been sent."),
                    ("found_not_sent", "It turned out not to have been sent."),
                    ("window_over", "The time to find out is over."),
                    ("retry", "A person gave it up for another attempt."),
                    ("resend", "It is sent again, which does no harm."),
                    ("requeue", "It is tried again."),
                    ("give_up", "All tries were used up."),
                    ("cancel", "It was cancelled."),
                    ("expire", "Its time was over before it was sent."),
                    ("verify", "The player is well again."),
                    ("refute", "The player did not come back."),
                    ("evidence_over", "It could not be found out whether it helped."),
                    (
                        "reply_over",
                        "There is no player to watch, and the time for a reply is over.",
                    ),
                ],
                max_length=16,
                verbose_name="what",
            ),
        ),
        migrations.AlterField(
            model_name="incomingsms",
            name="meaning",
            field=models.JSONField(default=dict, editable=False, verbose_name="details"),
        ),
        migrations.AlterField(
            model_name="incomingsms",
            name="received_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="received"),
        ),
        migrations.AddIndex(
            model_name="incomingsms",
            index=models.Index(
                condition=models.Q(("read_at", None)), fields=["id"], name="incoming_unread"
            ),
        ),
        migrations.AddIndex(
            model_name="incomingsms",
            index=models.Index(
                condition=models.Q(("kind__in", ("mains_lost", "mains_back"))),
                fields=["device", "moment", "id"],
                name="incoming_of_mains",
            ),
        ),
        migrations.AddField(
            model_name="gatewayinbox",
            name="gateway",
            field=models.OneToOneField(
                editable=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="inbox",
                to="devices.smsgateway",
            ),
        ),
        migrations.AddField(
            model_name="inboxoccurrence",
            name="inbox",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="occurrences",
                to="devices.gatewayinbox",
            ),
        ),
        migrations.AddField(
            model_name="poweroutage",
            name="device",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="outages",
                to="devices.device",
                verbose_name="socket",
            ),
        ),
        migrations.AddField(
            model_name="poweroutage",
            name="ended_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="devices.incomingsms",
                verbose_name="end told by",
            ),
        ),
        migrations.AddField(
            model_name="poweroutage",
            name="platform",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="platforms.platform",
                verbose_name="platform",
            ),
        ),
        migrations.AddField(
            model_name="poweroutage",
            name="told_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="devices.incomingsms",
                verbose_name="told by",
            ),
        ),
        migrations.AddIndex(
            model_name="inboxoccurrence",
            index=models.Index(
                condition=models.Q(("listed__gt", 0), ("ahead__gt", 0), _connector="OR"),
                fields=["inbox"],
                name="occurrence_that_lasts",
            ),
        ),
        migrations.AddConstraint(
            model_name="inboxoccurrence",
            constraint=models.UniqueConstraint(
                fields=("inbox", "mark"), name="occurrence_once_an_inbox"
            ),
        ),
        migrations.AddIndex(
            model_name="poweroutage",
            index=models.Index(fields=["device", "-began"], name="outage_by_device"),
        ),
        migrations.AddConstraint(
            model_name="poweroutage",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended", None)), fields=("device",), name="one_outage_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="poweroutage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended", None), ("ended__gte", models.F("began")), _connector="OR"
                ),
                name="outage_ends_not_earlier",
            ),
        ),
    ]
