using System.Text;
using Comox.Gateway.OpenAI.Responses;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using FsCheck;
using FsCheck.Fluent;

namespace Comox.Gateway.Tests.Responses;

public sealed class ResponseIdsTests
{
    private const string Session = "ses_01938e0c5d4b7c0a9f1e2d3c4b5a6978";
    private const string Turn = "trn_01938e0c5d4b7c0a9f1e2d3c4b5a6979";

    [Fact]
    public void A_response_id_gives_back_its_session_and_its_turn()
    {
        var session = Ids.New("ses", TimeProvider.System);
        var turn = Ids.New("trn", TimeProvider.System);

        var id = ResponseIds.Encode(session, turn);

        Assert.Matches("^resp_[A-Za-z0-9_-]{48}$", id);
        Assert.True(ResponseIds.TryDecode(id!, out var decodedSession, out var decodedTurn));
        Assert.Equal((session, turn), (decodedSession, decodedTurn));
    }

    // Handed out ids live in clients' databases: this one must be read for ever.
    [Fact]
    public void The_form_of_a_response_id_does_not_change()
    {
        const string id = "resp_AZOODF1LfAqfHi08S1ppeAGTjgxdS3wKnx4tPEtaaXlv2w6R";
        Assert.Equal(id, ResponseIds.Encode(Session, Turn));
    }

    [Theory]
    [InlineData("ses_1", Turn)]
    [InlineData(Session, "trn_1")]
    [InlineData(Turn, Session)]
    [InlineData("ses_01938E0C5D4B7C0A9F1E2D3C4B5A6978", Turn)]
    [InlineData("ses_01938e0c5d4b7c0a9f1e2d3c4b5a697g", Turn)]
    [InlineData("ses_01938e0c5d4b7c0a9f1e2d3c4b5a697800", Turn)]
    public void Ids_that_are_not_ours_make_no_response_id(string session, string turn) => Assert.Null(ResponseIds.Encode(session, turn));

    [Fact]
    public void One_changed_character_is_found()
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= \té\0";
        var id = ResponseIds.Encode(Session, Turn)!;
        Prop.ForAll(Gen.Choose(0, id.Length - 1).ToArbitrary(), Gen.Elements(alphabet.ToCharArray()).ToArbitrary(), (at, other) =>
        {
            var changed = new StringBuilder(id) { [at] = other }.ToString();
            return changed == id || !ResponseIds.TryDecode(changed, out _, out _);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000).WithQuietOnSuccess(true));
    }

    [Fact]
    public void Whatever_is_sent_as_an_id_is_answered_and_not_a_crash()
    {
        Prop.ForAll<string>(text => text is null || (!ResponseIds.TryDecode("resp_" + text, out _, out _) && !ResponseIds.TryDecode(text, out _, out _)))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithQuietOnSuccess(true));
        var id = ResponseIds.Encode(Session, Turn)!;
        Assert.All(Enumerable.Range(0, id.Length), length => Assert.False(ResponseIds.TryDecode(id[..length], out _, out _)));
        Assert.False(ResponseIds.TryDecode(id + "A", out _, out _));
    }

    [Fact]
    public void A_conversation_is_its_session_under_another_name()
    {
        const string conversation = "conv_01938e0c5d4b7c0a9f1e2d3c4b5a6978";
        Assert.Equal(conversation, ResponseIds.ConversationOf(Session));
        Assert.Equal(Session, ResponseIds.SessionOf(conversation));
        Assert.Equal(Session, ResponseIds.SessionOf(Session));
        Assert.Null(ResponseIds.SessionOf("conv_123"));
        Assert.Null(ResponseIds.ConversationOf(Turn));
    }

    [Fact]
    public void A_character_goes_on_where_the_request_says()
    {
        Assert.Equal((null, new InputPlace(Session, Turn)), Resolved($"\"previous_response_id\":\"{ResponseIds.Encode(Session, Turn)}\"", isCharacter: true));
        Assert.Equal((null, new InputPlace(Session, null)), Resolved($"\"conversation\":\"{ResponseIds.ConversationOf(Session)}\"", isCharacter: true));
        Assert.Equal((null, new InputPlace(Session, null)), Resolved($"\"conversation\":{{\"id\":\"{Session}\"}}", isCharacter: true));
        Assert.Equal((null, null), Resolved("\"conversation\":null", isCharacter: true));
        Assert.Equal((null, null), Resolved("\"conversation\":null", isCharacter: false));
    }

    [Theory]
    [InlineData("\"previous_response_id\":\"resp_abc\"", true, "previous_response_id")]
    [InlineData("\"conversation\":\"conv_abc\"", true, "conversation")]
    [InlineData("\"previous_response_id\":\"resp_abc\"", false, "previous_response_id")]
    [InlineData("\"conversation\":{\"id\":\"conv_01938e0c5d4b7c0a9f1e2d3c4b5a6978\"}", false, "conversation")]
    public void A_conversation_that_cannot_be_gone_on_with_is_refused(string field, bool isCharacter, string param)
    {
        var (error, place) = Resolved(field, isCharacter);
        Assert.Equal((400, ErrorCodes.InvalidRequest, param, null), (error!.Status, error.Code, error.Param, place));
        Assert.Equal(!isCharacter, error.Message.Contains("plain model", StringComparison.Ordinal));
    }

    private static (ApiError? Error, InputPlace? Place) Resolved(string field, bool isCharacter)
    {
        var error = ResponseIds.Resolve(ResponsesRequestTests.Read($$"""{"model":"m","input":"Hi",{{field}}}"""), isCharacter, out var place);
        return (error, place);
    }
}
