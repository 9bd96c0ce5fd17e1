using Comox.Web.SignIn;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Routing;

namespace Comox.Web.Layout;

/// <summary>App bar, navigation rail (at the bottom of a phone), and the page.</summary>
public sealed partial class MainLayout : LayoutComponentBase, IDisposable
{
    private bool _signedIn;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [CascadingParameter]
    private Task<AuthenticationState>? Authentication { get; set; }

    private bool OnChat => Navigation.ToBaseRelativePath(Navigation.Uri) is "" or ['?', ..] or ['c', 'h', 'a', 't', ..];

    public void Dispose() => Navigation.LocationChanged -= OnLocationChanged;

    protected override async Task OnInitializedAsync()
    {
        Navigation.LocationChanged += OnLocationChanged;
        if (Authentication is not null)
            _signedIn = (await Authentication).User.Identities.Any(identity => identity.AuthenticationType == ConsoleAccess.CookieScheme);
    }

    private void OnLocationChanged(object? sender, LocationChangedEventArgs change) => StateHasChanged();
}
