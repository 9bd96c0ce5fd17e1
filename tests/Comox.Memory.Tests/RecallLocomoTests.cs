using System.Text;
using System.Text.Json;
using Comox.Benchmarks.Locomo;
using Comox.Memory.Recall;

namespace Comox.Memory.Tests;

public sealed class RecallLocomoTests
{
    // The schema of LoCoMo, with its traps: a date of a session that is not there, ids that are none, several in one string, answers that are numbers.
    private const string Sample = """
        [{
          "sample_id": "conv-1",
          "conversation": {
            "speaker_a": "Oda", "speaker_b": "Finn",
            "session_2_date_time": "9:05 am on 3 June, 2024",
            "session_2": [
              {"speaker": "Finn", "dia_id": "D2:1", "text": "Did the kiln arrive?"},
              {"speaker": "Oda", "dia_id": "D2:2", "text": "It did, and I fired a vase yesterday.", "img_url": ["https://example.org/v.jpg"], "blip_caption": "a photo of a blue vase", "query": "vase glaze"}
            ],
            "session_1_date_time": "1:56 pm on 8 May, 2024",
            "session_1": [
              {"speaker": "Oda", "dia_id": "D1:1", "text": "I ordered a kiln."},
              {"speaker": "Finn", "dia_id": "D1:2", "text": "I will walk the coast with my dog Biscuit."}
            ],
            "session_3_date_time": "1:00 pm on 8 July, 2024"
          },
          "observation": {"session_1_observation": {"Finn": [["Finn owns a zeppelin.", "D1:2"]]}},
          "session_summary": {"session_1_summary": "zeppelin"},
          "event_summary": {},
          "qa": [
            {"question": "When did Oda fire a vase?", "answer": "2 June 2024", "evidence": ["D2:2"], "category": 2},
            {"question": "What pet does Finn have?", "answer": 1, "evidence": ["D:1:02; D2:1"], "category": 1},
            {"question": "What colour is the vase of Oda?", "answer": "blue", "evidence": ["D02:2", "D", "D9:9"], "category": 4},
            {"question": "Who owns a zeppelin?", "answer": "nobody", "evidence": [], "category": 3},
            {"question": "Which kiln did Finn order?", "adversarial_answer": "none", "evidence": ["D1:1"], "category": 5}
          ]
        }]
        """;

    private static readonly LocomoConversation Conversation = LocomoFile.Read(new MemoryStream(Encoding.UTF8.GetBytes(Sample)))[0];

    [Fact]
    public void A_conversation_is_read_in_the_order_in_which_it_was_held()
    {
        Assert.Equal(["D1:1", "D1:2", "D2:1", "D2:2"], Conversation.Turns.Select(turn => turn.Id));
        Assert.Equal(new DateTimeOffset(2024, 5, 8, 13, 56, 0, TimeSpan.Zero), Conversation.Turns[0].SaidAt);
        Assert.Equal(["Oda", "Finn"], Conversation.Speakers);
        Assert.Contains("blue vase", Conversation.Turns[3].Text);
    }

    [Theory]
    [InlineData("D8:6; D9:17", new[] { "D8:6", "D9:17" })]
    [InlineData("D:11:26", new[] { "D11:26" })]
    [InlineData("D30:05", new[] { "D30:5" })]
    [InlineData("D1:2 D3:4,D5:6", new[] { "D1:2", "D3:4", "D5:6" })]
    [InlineData("D", new string[0])]
    public void Ids_are_read_out_of_what_stands_for_them(string evidence, string[] ids) => Assert.Equal(ids, LocomoFile.Ids(evidence));

    [Fact]
    public void Evidence_that_the_conversation_has_not_is_left_out()
    {
        Assert.Equal([["D2:2"], ["D1:2", "D2:1"], ["D2:2"], [], ["D1:1"]], Conversation.Questions.Select(question => question.Evidence));
    }

    [Fact]
    public void Questions_are_asked_of_the_index_that_serves_requests_and_those_without_evidence_are_not_counted()
    {
        var scores = LocomoRun.Recall(Conversation, RecallWeights.Default);
        Assert.Equal([2, 1, 4, 5], scores.Select(score => score.Category));
        Assert.Equal([1, 1, 1], scores.Where(score => score.Category is 2 or 4 or 5).Select(score => score.At5));
        Assert.InRange(scores[1].At5, .5, 1);
        Assert.Equal(scores, LocomoRun.Recall(Conversation, RecallWeights.Default));
    }

    [Fact]
    public void What_a_model_wrote_about_a_conversation_is_not_in_its_index() =>
        Assert.Empty(LocomoRun.Index(Conversation, RecallWeights.Default).Search(new RecallQuery { Text = "zeppelin", At = Conversation.Turns[^1].SaidAt }, 5).Turns);

    [Fact]
    public void The_last_line_is_one_object_with_the_figures_that_are_compared()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, Sample);
        try
        {
            using var written = new StringWriter();
            Assert.Equal(0, LocomoReport.Run([file, "--conversations", "1"], written));
            using var figures = JsonDocument.Parse(written.ToString().TrimEnd().Split('\n')[^1]);
            Assert.Equal(["n", "r5", "r10", "r20", "multihop_r10", "tokens1000", "bm25_r10"], figures.RootElement.EnumerateObject().Select(figure => figure.Name));
            Assert.Equal(3, figures.RootElement.GetProperty("n").GetInt32());
            Assert.InRange(figures.RootElement.GetProperty("tokens1000").GetDouble(), 80, 100);
            Assert.Equal(2, LocomoReport.Run([file, "--conversations", "77"], written));
            Assert.Equal(2, LocomoReport.Run(["missing.json"], written));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
