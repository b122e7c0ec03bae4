// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {StakingPool} from "../StakingPool.sol";
import {Asset, Crowd, Staker} from "./StakingPoolStage.sol";
import {vm} from "./Vm.sol";

/// What stakers get and give, what the roles may, and what is refused. Run by forge; this contract is both
/// the oracle and the operator.
contract StakingPoolTest {
    uint256 private constant START = 1_000_000;
    uint256 private constant RICHES = 10 ** 40;

    Asset private _asset;
    StakingPool private _pool;
    Staker private _one;
    Staker private _other;

    function setUp() public {
        vm.warp(START);
        _asset = new Asset();
        _pool = new StakingPool(_asset, "Pool", "P", address(this), address(this));
        (_one, _other) = (new Staker(), new Staker());
        for (uint256 i = 0; i < 2; i++) {
            Staker staker = i == 0 ? _one : _other;
            _asset.give(address(staker), RICHES);
            staker.approve(_asset, _pool);
        }
    }

    // --------------------------------------------------------------------------------- stakers

    function test_constructor__namesItsPartsAndTheDecimalsOfTheAsset() public view {
        assert(address(_pool.asset()) == address(_asset));
        assert(_pool.oracle() == address(this) && _pool.operator() == address(this));
        assert(_pool.decimals() == 6);
    }

    function testFuzz_stake__first__aShareForEachUnit(uint96 assets) public {
        vm.assume(assets > 0);
        assert(_one.stake(_pool, assets) == assets);
        assert(_pool.pooled() == assets && _pool.balanceOf(address(_one)) == assets);
        assert(_asset.balanceOf(address(_pool)) == assets);
        assert(_asset.balanceOf(address(_one)) == RICHES - assets);
        assert(_pool.assetsOf(address(_one)) == assets);
    }

    function testFuzz_stake__afterAReport__atTheRateRoundedDown(uint96 first, uint96 assets, bool isLoss) public {
        vm.assume(first > 10_000 && assets > 10);
        _one.stake(_pool, first);
        _report(isLoss ? -int256(uint256(first) / 20) : int256(uint256(first) / 1000));
        uint256 pooled = _pool.pooled();
        uint256 shares = _other.stake(_pool, assets);
        assert(shares == uint256(assets) * first / pooled);
        assert(_pool.pooled() == pooled + assets);
        assert(_pool.assetsOf(address(_other)) <= assets);
    }

    function test_stake__buysNoShare__refused() public {
        try _one.stake(_pool, 0) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.Nothing.selector));
        }
        _one.stake(_pool, 1_000_000);
        _report(1000);
        try _other.stake(_pool, 1) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.Nothing.selector));
        }
    }

    function test_stake__withoutTheTokens__refused() public {
        try new Staker().stake(_pool, 1) {
            assert(false);
        } catch {}
    }

    function testFuzz_request__anyShares__worthTheRateRoundedDownAndNotMoreThanPaid(
        uint96 first,
        uint96 second,
        uint256 shares
    ) public {
        vm.assume(first > 10_000 && second > 10_000);
        _one.stake(_pool, first);
        _report(int256(uint256(first) / 1000));
        uint256 bought = _other.stake(_pool, second);
        shares = 2 + shares % (bought - 1);
        (uint256 pooled, uint256 supply) = (_pool.pooled(), _pool.totalSupply());
        uint256 number = _other.request(_pool, shares);
        uint256 assets = shares * pooled / supply;
        assert(number == 1 && _pool.last() == 1);
        assert(_pool.queuedOf(address(_other)) == assets && assets <= second);
        assert(_pool.pooled() == pooled - assets);
        assert(_pool.balanceOf(address(_other)) == bought - shares);
        _assertQueue(1, 0, assets, 0);
    }

    function test_request__ofNothing__refused() public {
        try _one.request(_pool, 0) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.Nothing.selector));
        }
        _one.stake(_pool, 1_000_000);
        _report(-50_000);
        try _one.request(_pool, 1) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.Nothing.selector));
        }
        assert(_pool.balanceOf(address(_one)) == 1_000_000);
    }

    function test_request__moreThanTheSharesThereAre__refused() public {
        _one.stake(_pool, 10);
        try _one.request(_pool, 11) {
            assert(false);
        } catch {}
    }

    function test_request__everything__leavesNeitherSharesNorWorth() public {
        _one.stake(_pool, 1_000_003);
        _report(777);
        _one.request(_pool, 1_000_003);
        assert(_pool.totalSupply() == 0 && _pool.pooled() == 0 && _pool.assetsOf(address(_one)) == 0);
        assert(_pool.queuedOf(address(_one)) == 1_000_780);
        assert(_other.stake(_pool, 5) == 5);
    }

    function test_request__waiting__neitherRewardsNorLossesChangeIt() public {
        _one.stake(_pool, 2_000_000);
        uint256 number = _one.request(_pool, 1_000_000);
        _report(1000);
        _report(-50_000);
        _pool.finalise(number);
        assert(_one.claim(_pool, number) == 1_000_000);
        assert(_pool.pooled() == 951_000);
    }

    function test_claim__ofTheCallersAndSetAside__paysItOnce() public {
        _one.stake(_pool, 1000);
        uint256 number = _one.request(_pool, 300);
        _one.request(_pool, 200);
        _pool.finalise(number);
        assert(_pool.setAside() == 300);
        uint256 before = _asset.balanceOf(address(_one));
        assert(_one.claim(_pool, number) == 300);
        assert(_asset.balanceOf(address(_one)) == before + 300);
        assert(_pool.setAside() == 0 && _pool.queuedOf(address(_one)) == 200);
        _assertNotYours(_one, number);
        assert(_asset.balanceOf(address(_one)) == before + 300);
    }

    function test_claim__notSetAside__refused() public {
        _one.stake(_pool, 1000);
        uint256 first = _one.request(_pool, 300);
        uint256 second = _one.request(_pool, 300);
        _pool.finalise(first);
        try _one.claim(_pool, second) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.NotSetAside.selector));
        }
    }

    function test_claim__ofAnother__refused() public {
        _one.stake(_pool, 1000);
        uint256 number = _one.request(_pool, 300);
        _pool.finalise(number);
        _assertNotYours(_other, number);
        _assertNotYours(_one, 0);
        _assertNotYours(_one, number + 1);
    }

    // ----------------------------------------------------------------------------------- roles

    function test_report__byAnother__refused() public {
        try _one.report(_pool, 0) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.NotAllowed.selector));
        }
    }

    function test_report__withinTheHour__refused() public {
        _one.stake(_pool, 10_000);
        _pool.report(1);
        assert(_pool.reportedAt() == START);
        vm.warp(START + 3599);
        try _pool.report(0) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.TooSoon.selector));
        }
        vm.warp(START + 3600);
        _pool.report(0);
    }

    function testFuzz_report__anyChange__withinItsBoundsAlone(uint96 staked, int256 change) public {
        vm.assume(staked > 0);
        _one.stake(_pool, staked);
        uint256 most = uint256(staked) * (change < 0 ? 500 : 10) / 10_000;
        // Half of the changes: at a bound, or one beyond it.
        if (change % 2 == 0) change = (change < 0 ? -int256(most) : int256(most)) + (change / 2) % 2;
        most = uint256(staked) * (change < 0 ? 500 : 10) / 10_000;
        bool fits = change < 0 ? change >= -int256(most) : change <= int256(most);
        try _pool.report(change) {
            assert(fits && int256(_pool.pooled()) == int256(uint256(staked)) + change);
        } catch (bytes memory error) {
            assert(!fits && _is(error, StakingPool.TooMuch.selector));
        }
    }

    function test_report__leastInteger__refused() public {
        _one.stake(_pool, 10_000);
        try _pool.report(type(int256).min) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.TooMuch.selector));
        }
    }

    function test_finalise__byAnother__refused() public {
        _one.stake(_pool, 1000);
        uint256 number = _one.request(_pool, 300);
        try _one.finalise(_pool, number) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.NotAllowed.selector));
        }
    }

    function test_finalise__rolesApart__eachHasItsOwn() public {
        _pool = new StakingPool(_asset, "Pool", "P", address(_one), address(_other));
        _other.approve(_asset, _pool);
        _other.stake(_pool, 1000);
        uint256 number = _other.request(_pool, 300);
        _one.report(_pool, 0);
        _other.finalise(_pool, number);
        try _one.finalise(_pool, number) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.NotAllowed.selector));
        }
        vm.warp(START + 1 days);
        try _other.report(_pool, 0) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.NotAllowed.selector));
        }
    }

    function test_finalise__severalInTurn__eachSetAsideOnce() public {
        _one.stake(_pool, 1000);
        _one.request(_pool, 100);
        _one.request(_pool, 200);
        _one.request(_pool, 400);
        _pool.finalise(2);
        assert(_pool.setAside() == 300 && _pool.buffer() == 700);
        _assertQueue(3, 2, 700, 300);
        _pool.finalise(3);
        assert(_pool.setAside() == 700 && _pool.buffer() == 300);
        _assertQueue(3, 3, 700, 700);
    }

    function test_finalise__ofNoneThatWaits__refused() public {
        _one.stake(_pool, 1000);
        _one.request(_pool, 100);
        _assertNotWaiting(0);
        _assertNotWaiting(2);
        _pool.finalise(1);
        _assertNotWaiting(1);
    }

    function test_finalise__moreThanTheBuffer__refusedUntilItComes() public {
        _one.stake(_pool, 1_000_000);
        _report(1000);
        _one.request(_pool, 1_000_000);
        try _pool.finalise(1) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.Illiquid.selector));
        }
        _asset.give(address(_pool), 999);
        try _pool.finalise(1) {
            assert(false);
        } catch {}
        _asset.give(address(_pool), 1);
        _pool.finalise(1);
        assert(_one.claim(_pool, 1) == 1_001_000 && _asset.balanceOf(address(_pool)) == 0);
    }

    function test_finalise__outOfWhatIsSetAside__refused() public {
        _one.stake(_pool, 1_000_000);
        _one.request(_pool, 600_000);
        _pool.finalise(1);
        _report(400);
        _one.request(_pool, 400_000);
        try _pool.finalise(2) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.Illiquid.selector));
        }
    }

    function test_give__toThePool__movesNoRate() public {
        _one.stake(_pool, 1000);
        _asset.give(address(_pool), 5000);
        assert(_pool.pooled() == 1000 && _pool.buffer() == 6000);
        assert(_other.stake(_pool, 100) == 100);
    }

    // ----------------------------------------------------------------------------------- views

    function test_requestsOf__someClaimed__theOthersInOrder() public {
        _one.stake(_pool, 1000);
        _one.request(_pool, 100);
        _other.stake(_pool, 1000);
        _other.request(_pool, 50);
        _one.request(_pool, 200);
        _one.request(_pool, 300);
        _pool.finalise(3);
        _one.claim(_pool, 3);
        (uint256[] memory numbers, uint256[] memory assets, uint256[] memory untils) = _pool.requestsOf(address(_one));
        assert(numbers.length == 2 && assets.length == 2 && untils.length == 2);
        assert(numbers[0] == 1 && assets[0] == 100 && untils[0] == 100);
        assert(numbers[1] == 4 && assets[1] == 300 && untils[1] == 650);
    }

    // ---------------------------------------------------------------------------------- shared

    function _report(int256 change) private {
        vm.warp(_pool.reportedAt() + START + 1 hours);
        _pool.report(change);
    }

    function _is(bytes memory error, bytes4 expected) private pure returns (bool) {
        return bytes4(error) == expected;
    }

    function _assertNotYours(Staker staker, uint256 number) private {
        try staker.claim(_pool, number) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.NotYours.selector));
        }
    }

    function _assertNotWaiting(uint256 number) private {
        try _pool.finalise(number) {
            assert(false);
        } catch (bytes memory error) {
            assert(_is(error, StakingPool.NotWaiting.selector));
        }
    }

    function _assertQueue(uint256 last, uint256 finalised, uint256 requested, uint256 ever) private view {
        (uint256 a, uint256 b, uint256 c, uint256 d) = _pool.queue();
        assert(a == last && b == finalised && c == requested && d == ever);
    }
}

/// What always holds, whatever everybody does. Run by forge, by calls of the crowd in any order.
contract StakingPoolInvariants {
    Crowd private _crowd;

    function setUp() public {
        vm.warp(1_000_000);
        _crowd = new Crowd();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_crowd);
    }

    /// forge-config: default.invariant.runs = 20
    /// forge-config: default.invariant.depth = 50
    function invariant_assetsCoverLiabilities() public view {
        StakingPool pool = _crowd.pool();
        (,, uint256 requested, uint256 ever) = pool.queue();
        uint256 held = _crowd.asset().balanceOf(address(pool));
        uint256 due = pool.pooled() + requested - ever + pool.setAside();
        // All that can be claimed lies here, and all that is due came here or was reported.
        assert(held >= pool.setAside());
        assert(held == _crowd.staked() + _crowd.given() - _crowd.claimed());
        assert(int256(due) == int256(_crowd.staked() - _crowd.claimed()) + _crowd.reported());
    }

    /// forge-config: default.invariant.runs = 20
    /// forge-config: default.invariant.depth = 50
    function invariant_sharesAndQueueAddUp() public view {
        StakingPool pool = _crowd.pool();
        (,, uint256 requested, uint256 ever) = pool.queue();
        (uint256 shares, uint256 queued) = (0, 0);
        for (uint256 i = 0; i < 3; i++) {
            shares += pool.balanceOf(address(_crowd.stakers(i)));
            queued += pool.queuedOf(address(_crowd.stakers(i)));
        }
        assert(shares == pool.totalSupply() && queued == requested - ever + pool.setAside());
        assert((pool.pooled() == 0) == (pool.totalSupply() == 0));
        assert(!_crowd.fell());
    }
}
